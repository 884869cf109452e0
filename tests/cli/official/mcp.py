"""What `@currents/mcp` 2.4.2 sends, built from its repository at that tag: all of its 39 tools."""

from tests.cli.official.row import CURSORS, DAYS, FETCH, PAGE, RANGE, REFUSAL, Client, Row

_TAGS = "tags%5B%5D=nightly&tags%5B%5D=smoke&branches%5B%5D=main&branches%5B%5D=feature%2F1"
_LISTS = f"{_TAGS}&groups%5B%5D=chromium&authors%5B%5D=Jane"
_TERMS = (
    "tag",
    "group",
    "branch",
    "authorName",
    "authorEmail",
    "framework",
    "frameworkVersion",
    "clientVersion",
    "ann_type",
    "ann_desc",
)
_PROJECTS = [
    Row("GET /projects", reads=CURSORS),
    Row("GET /projects?limit=1&starting_after=$project_cursor", reads=CURSORS),
    Row("GET /projects?limit=1&ending_before=$project_cursor"),
    Row("GET /projects/$project"),
    Row(f"GET /projects/$project/insights?{RANGE}&resolution=1d"),
    Row(f"GET /projects/$project/insights?{DAYS}&resolution=1w&{_LISTS}"),
    Row("GET /projects/$project/pull-requests", reads=CURSORS),
    Row(
        "GET /projects/$project/pull-requests?limit=2&starting_after=$pull_request_cursor"
        f"&runs_per_pr=2&{_TAGS}&authors%5B%5D=Jane&tag_operator=AND&status=PASSED&status=FAILED"
    ),
    *(
        Row(f"GET /projects/$project/terms/{kind}?limit=5&dir=asc", reads=CURSORS)
        for kind in _TERMS
    ),
    Row("GET /projects/$project/terms/branch?search=fea", reads=CURSORS),
    Row("GET /projects/$project/runs?limit=10", reads=CURSORS),
    Row(
        "GET /projects/$project/runs?limit=2&starting_after=$run_cursor&branches%5B%5D=main"
        "&tags%5B%5D=nightly&tags%5B%5D=ci&tag_operator=OR&search=a&authors%5B%5D=x"
        "&status=PASSED&status=FAILED&completion_state=COMPLETE&completion_state=CANCELED"
        f"&{RANGE}"
    ),
    Row("GET /projects/$project/runs?limit=10&pr_id=1", reads=CURSORS),
]

# `currents-get-test-evidence` is the one tool that reads more than it hands on.
_RUN_OF_EVIDENCE = (
    "data.projectId",
    "data.status",
    "data.createdAt",
    "data.meta.ciBuildId",
    "data.meta.commit.branch",
    "data.meta.commit.sha",
    "data.specs[].spec",
    "data.specs[].instanceId",
)
_INSTANCE_OF_EVIDENCE = (
    "data.results.tests[].testId",
    "data.results.tests[].title",
    "data.results.tests[].state",
    "data.results.screenshots[].testId",
    "data.results.screenshots[].testAttemptIndex",
    "data.results.screenshots[].screenshotURL",
    "data.results.playwrightTraces[].testId",
    "data.results.playwrightTraces[].testAttemptIndex",
    "data.results.playwrightTraces[].traceURL",
    "data.results.videos[].videoUrl",
    "data.results.attachments[].readUrl",
)
_RUNS = [
    Row("GET /runs/$run", reads=_RUN_OF_EVIDENCE),
    Row("GET /runs/nope", status=404, reads=REFUSAL),
    Row("GET /runs/find?projectId=$project", reads=("data.runId",)),
    Row("GET /runs/find?projectId=$project&ciBuildId=$ci_build", reads=("data.runId",)),
    Row(
        "GET /runs/find?projectId=$project&branch=main&tags%5B%5D=nightly&pwLastRun=true",
        reads=("data.pwLastRun.status", "data.pwLastRun.failedTests[]"),
    ),
    Row(
        "GET /runs/find?projectId=$project&branch=feature%2F*&tags%5B%5D=smoke&tags%5B%5D=ci",
        reads=("data.runId",),
    ),
    Row("GET /instances/$instance", reads=_INSTANCE_OF_EVIDENCE),
    Row("PUT /runs/$running/cancel"),
    Row("PUT /runs/$run/cancel", status=422, reads=REFUSAL),
    Row("PUT /runs/cancel-ci/github", '{"githubRunId":"$github_run","githubRunAttempt":1}'),
    Row("PUT /runs/$running/reset", '{"machineId":["$machine"],"isBatchedOr8n":true}'),
    Row("DELETE /runs/$run"),
]

_EXPLORERS = [
    Row(f"GET /spec-files/$project?{RANGE}&order=avgDuration&dir=desc&limit=50&page=0", reads=PAGE),
    Row(
        f"GET /spec-files/$project?{DAYS}&order=failureRate&dir=asc&limit=5&page=0"
        f"&specNameFilter=spec&{_LISTS}&includeFailedInDuration=true",
        reads=PAGE,
    ),
    Row(f"GET /tests/$project?{RANGE}&order=title&dir=desc&limit=50&page=0", reads=PAGE),
    Row(
        f"GET /tests/$project?{DAYS}&order=flakinessRateDelta&dir=asc&limit=5&page=0&spec=spec"
        f"&title=a&{_LISTS}&min_executions=2&test_state%5B%5D=failed&test_state%5B%5D=passed"
        "&metric_settings=%7B%22executions%22%3A%5B%22failed%22%2C%22passed%22%5D%7D"
        "&annotations=%5B%7B%22type%22%3A%22owner%22%7D%5D",
        reads=PAGE,
    ),
    Row(f"GET /errors/$project?{RANGE}&page=0&limit=50", reads=PAGE),
    Row(
        f"GET /errors/$project?{DAYS}&page=0&limit=5&{_LISTS}&tags_logical_operator=AND"
        "&error_target=a&error_message=e&error_category=timeout&error_action=click"
        "&order_by=tests&dir=asc&group_by%5B%5D=category&group_by%5B%5D=message&metric=branch"
        "&top_n=3",
        reads=("data.timeline", *PAGE),
    ),
    Row(f"GET /test-results/$signature?{RANGE}&limit=10", reads=CURSORS),
    Row(
        f"GET /test-results/$signature?{RANGE}&limit=2&starting_after=$result_cursor&{_LISTS}"
        "&status%5B%5D=passed&status%5B%5D=failed&flaky=false"
        "&annotations=%5B%7B%22type%22%3A%22owner%22%7D%5D"
    ),
    *(
        Row(
            "POST /signature/test",
            f'{{"projectId":"$project","specFilePath":"a.spec.ts","testTitle":{title}}}',
            reads=("data.signature",),
        )
        for title in ('["Cart","adds"]', '"Cart > adds"')
    ),
]

_CONTEXTS = [
    Row("GET /context?run_id=$run&format=json&detail=default&limit=10&page=0"),
    Row(
        "GET /context?run_id=$run&format=md&detail=summary&limit=5&page=0&max_length=500", reads=()
    ),
    Row(
        "GET /context?run_id=$run&instance_id=$instance&format=json&detail=compact&limit=10&page=0"
    ),
    Row(
        "GET /context?instance_id=$instance&test_id=$test&attempt=0&format=md&detail=default"
        "&limit=10&page=0",
        reads=(),
    ),
    Row(
        "GET /context?run_id=$run&instance_id=$instance&test_id=$test&format=json&detail=default"
        "&limit=10&page=0"
    ),
]

_ACTIONS = [
    Row(
        "POST /actions?projectId=$project",
        '{"name":"Skip it","action":[{"op":"quarantine"}],"matcher":{"op":"AND","cond":['
        '{"type":"title","op":"eq","value":"Cart > adds"},{"type":"git_branch","op":"any"},'
        '{"type":"file","op":"in","value":["a.spec.ts"]}]}}',
        201,
    ),
    Row(
        "POST /actions?projectId=$project",
        '{"name":"Tag","description":"d","action":[{"op":"skip"},{"op":"tag","details":{"tags":'
        '["x"]}}],"matcher":{"op":"OR","cond":[{"type":"tag","op":"inc","value":["a"]},'
        '{"type":"project","op":"empty","value":null}]},"expiresAfter":"2099-11-23T01:01:34.331Z"}',
        201,
    ),
    Row(
        "POST /actions?projectId=$project",
        '{"name":"nulls","description":null,"action":[{"op":"skip"}],"matcher":{"op":"OR",'
        '"cond":[{"type":"testId","op":"eq","value":"a"}]},"expiresAfter":null}',
        201,
    ),
    Row("GET /actions?projectId=$project"),
    Row("GET /actions?projectId=$project&status=active&status=disabled&search=mine"),
    Row("GET /actions/$action"),
    Row("PUT /actions/$action", '{"name":"New","description":null}'),
    Row(
        "PUT /actions/$action",
        '{"action":[{"op":"skip"}],"matcher":{"op":"AND","cond":[{"type":"file","op":"in",'
        '"value":["a.spec.ts"]}]},"expiresAfter":null}',
    ),
    Row("PUT /actions/$action/disable"),
    Row("PUT /actions/$action/enable"),
    Row("DELETE /actions/$action"),
    Row(f"GET /actions/tests?projectId=$project&{RANGE}&page=0&limit=25", reads=PAGE),
    Row(
        f"GET /actions/tests?projectId=$project&{DAYS}&page=0&limit=5&search=a"
        "&action_type=quarantine&action_type=skip&action_id=$action&dir=asc"
        "&status=active&status=disabled",
        reads=PAGE,
    ),
    Row(f"GET /actions/tests/$signature?projectId=$project&{DAYS}&limit=25&search=a"),
    Row(f"GET /actions/$action/tests?{RANGE}&limit=1&search=a"),
]

_WEBHOOKS = [
    Row("POST /webhooks?projectId=$project", '{"url":"https://x.test/h"}', 201),
    Row(
        "POST /webhooks?projectId=$project",
        r'{"url":"https://x.test/h","headers":"{\"X-Secret\":\"a\"}","hookEvents":["RUN_FINISH",'
        '"RUN_START"],"label":"L"}',
        201,
    ),
    Row("GET /webhooks?projectId=$project"),
    Row("GET /webhooks/$hook"),
    Row("PUT /webhooks/$hook", '{"hookEvents":["RUN_CANCELED"],"label":"new"}'),
    Row("DELETE /webhooks/$hook"),
]

_FAILURE = (
    '{"runId":"$run","testId":"$test","jiraInstallationId":"$jira",'
    '"jiraProjectId":"$jira_project","jiraIssueType":"$jira_type"'
)
_JIRA_PROJECTS = "GET /integrations/jira/projects"
_JIRA = [
    Row(f"{_JIRA_PROJECTS}?jira_installation_id=$jira", reads=PAGE),
    Row(f"{_JIRA_PROJECTS}?jira_installation_id=$jira&search=a&page=0&limit=1", reads=PAGE),
    Row(
        f"{_JIRA_PROJECTS}/$jira_project/issue-types?jira_installation_id=$jira&search=b&page=0"
        "&limit=1",
        reads=PAGE,
    ),
    Row("POST /projects/$project/jira/issues", _FAILURE + "}"),
    Row(
        "POST /projects/$project/jira/issues",
        _FAILURE + ',"customFields":[{"fieldId":"f","value":"v"}]}',
    ),
    Row(
        "POST /projects/$project/jira/issues/$jira_issue/link",
        _FAILURE + ',"comment":"c","includeContextInComment":false}',
    ),
]

MCP = Client(
    "mcp-2.4.2",
    [*_PROJECTS, *_RUNS, *_EXPLORERS, *_CONTEXTS, *_ACTIONS, *_WEBHOOKS, *_JIRA],
    headers={"User-Agent": "currents-app/1.0", "Accept": "application/json", **FETCH},
    write_headers={"Content-Type": "application/json"},
    markdown_headers={"Accept": "text/markdown, application/json;q=0.1"},
)
