"""Every command that prints tables, cards or reports for people, and what it is given."""

_SPAN = "--since 2026-01-01 --until 2026-01-13"
_JIRA = "--installation {jira}"
_ISSUE = f"{_JIRA} --run {{run}} --test {{test}} --jira-project {{shop}} --issue-type {{bug}}"

READING = {
    "actions executions": f"{{action}} {_SPAN} --limit 3",
    "actions get": "{action}",
    "actions list": "",
    "actions tests": f"{_SPAN} --limit 3",
    "auth status": "",
    "config list": "",
    "demo": "--specs 3",
    "errors list": f"{_SPAN} --limit 4",
    "errors timeline": f"{_SPAN} --top 2",
    "insights": _SPAN,
    "instances get": "{instance}",
    "jira issue-types": f"{{shop}} {_JIRA}",
    "jira projects": _JIRA,
    "lake check": "lake",
    "lake windows": "lake",
    "projects get": "{project}",
    "projects list": "",
    "pull-requests list": "",
    "quarantine plan": "--min-executions 3 --last-results 3 --lift-after 3 --all",
    "run": "{run}",
    "runs diff": "{earlier} {run}",
    "runs find": "--branch main",
    "runs get": "{run}",
    "runs list": "",
    "runs watch": "{run}",
    "spec-files list": f"{_SPAN} --limit 4",
    "terms list": "branch",
    "tests changes": "--since 2026-01-10 --broken-after 2",
    "tests history": f"{{signature}} {_SPAN}",
    "tests list": f"{_SPAN} --order failures --direction desc --limit 5",
    "webhooks list": "",
}
"""Those that change nothing."""
WRITING = {
    "actions create": "action.json",
    "actions delete": "{action} --yes",
    "actions disable": "{action}",
    "actions enable": "{action}",
    "actions update": "{action} changes.json",
    "assets download": "{run} --to assets --only-failed --concurrency 1",
    "attach": "report.html --run {run}",
    "export": "lake --since 2026-01-12 --until 2026-01-13",
    "jira create": _ISSUE,
    "jira link": f"{{key}} {_ISSUE} --comment c",
    "lake compact": "lake --before 2026-02-01",
    "lake delete": "lake --before 2026-01-11 --yes",
    "lake views": "lake --into views.duckdb",
    "quarantine apply": "--min-executions 3 --last-results 3 --lift-after 3 --yes",
    "runs cancel": "{running} --yes",
    "runs delete": "{run} --yes",
    "runs reset": "{run} --machine {machine} --yes",
    "sessions create": "'Smoke test' report.html --status passed",
    "share": "fix {run}",
    "traces download": "{instance} {test} --to trace.zip",
    "traces link": "{instance} {test}",
    "webhooks create": "https://example.com/hook --event run-finish --label CI",
    "webhooks delete": "{webhook} --yes",
    "webhooks get": "{webhook}",
    "webhooks update": "{webhook} --label Nightly",
}
"""Those that change something: each time they begin with the same world."""
OTHERS = {
    "auth check": "is `auth status`",
    "webhooks listen": "goes on until Ctrl-C: `test_listen.py`",
}
"""Commands that print items too, and why they are not looked at here."""
