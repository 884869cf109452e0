"""The context of failures, as an object and as Markdown."""

import textwrap
from collections.abc import Iterator, Sequence

from currents_async.testing._serving.paging import PageRequest
from currents_async.testing._serving.results import read_test
from currents_async.testing._world.executions import join_title
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.failures import without_colours
from currents_async.testing.world import World, WorldExecution, WorldRun


def describe(
    world: World,
    run: WorldRun,
    tests: Sequence[WorldExecution],
    *,
    paging: PageRequest,
    detail: str,
    attempt: int | None,
) -> Wire:
    """Describe a run and a page of its tests.

    A summary names the tests, a compact one has the messages of their errors too, and the default
    has stacks and code frames as well.
    """
    page = paging.cut(tests)
    return {
        "run": {
            "runId": run.run_id,
            "projectId": run.project_id,
            "ciBuildId": run.ci_build_id,
            "status": run.status,
            "completionState": run.completion_state,
            "createdAt": run.created_at,
            "tags": run.tags,
            "commit": world.view.context(run).commit,
        },
        "tests": [_describe_test(world, one, detail, attempt) for one in page.items],
        "total": len(tests),
        "nextPage": page.following,
    }


def _describe_test(world: World, one: WorldExecution, detail: str, attempt: int | None) -> Wire:
    described: Wire = {
        "instanceId": one.instance_id,
        "testId": one.test_id,
        "signature": one.signature,
        "spec": one.spec,
        "title": one.title,
        "group": one.group_id,
        "state": one.state,
        "flaky": one.flaky,
    }
    if detail != "summary":
        _, test = read_test(world, one)
        attempts: list[Wire] = test["attempts"]
        described["attempts"] = [
            _describe_attempt(number, tried, detail)
            for number, tried in enumerate(attempts)
            if attempt in {None, number}
        ]
    return described


def _describe_attempt(number: int, attempt: Wire, detail: str) -> Wire:
    error: Wire | None = attempt.get("error")
    described: Wire | None = None
    if error is not None:
        described = {"message": without_colours(error.get("message") or "")}
        if detail == "default":
            described["stack"] = without_colours(error.get("stack") or "")
            described["codeFrame"] = error.get("codeFrame")
    return {"attempt": number, "state": attempt["state"], "error": described}


def write_markdown(context: Wire) -> str:
    """Write the context for people and language models."""
    run: Wire = context["run"]
    lines = [
        f"# Run {run['runId']}",
        "",
        f"- Status: {run['status']} ({run['completionState']})",
        f"- Branch: {run['commit'].get('branch')}",
        f"- Created: {run['createdAt']}",
        "",
        f"## Tests ({context['total']})",
    ]
    for test in context["tests"]:
        lines += ["", f"### {_line(test['spec'])}: {_line(join_title(test['title']))}", ""]
        lines += [f"- State: {test['state']}", f"- Test ID: {test['testId']}"]
        for attempt in test.get("attempts", []):
            lines += ["", f"Attempt {attempt['attempt']}: {attempt['state']}"]
            lines += _write_error(attempt["error"] or {})
    if context["nextPage"] is not False:
        lines += ["", f"There is more on page {context['nextPage']}."]
    return "\n".join(lines) + "\n"


def _write_error(error: Wire) -> Iterator[str]:
    frame: Wire = error.get("codeFrame") or {}
    for text in (error.get("message"), error.get("stack"), frame.get("frame")):
        if text:
            # Indented, so that nothing in the text can end the block.
            yield ""
            yield textwrap.indent(text, "    ", lambda _: True)


def _line(text: str) -> str:
    return " ".join(text.split())
