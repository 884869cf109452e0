"""What the API documents as a limit is sent; what is just past it never leaves the process.

The limits: `docs/api/operations.md`.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from typing import Any, NamedTuple

import pytest

from currents_async import Currents, CurrentsError, InvalidArgumentError
from currents_async.models import Condition, ConditionType, Effect, Matcher, MatcherOperator, when
from currents_async.testing import FakeCurrents
from tests.support import HOOK

DAY = date(2026, 1, 31)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SPAN: dict[str, Any] = {"date_start": DAY, "date_end": DAY}
NOON_IN_KIRITIMATI = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=14)))
TOO_EARLY = datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))
LONG_HEADER = 4096 - len('{"X-Secret":""}')
PATTERN: Any = ({"source": "^b"},)


Call = Callable[[Currents, Any], Awaitable[object]]


class Limit(NamedTuple):
    """A limit of one argument: values within it, and values just past it."""

    operation: str
    call: Call
    allowed: list[Any]
    refused: list[Any]
    says: str


def passing(call: Callable[..., Awaitable[object]], name: str) -> Call:
    return lambda currents, value: call(currents, **{name: value})


def from_to(call: Callable[..., Awaitable[object]]) -> Call:
    return lambda currents, span: call(currents, date_start=span[0], date_end=span[1])


def context(about: dict[str, Any], currents: Currents, **options: Any) -> Awaitable[object]:
    return currents.context.markdown(**about, **options)


def matched(kind: ConditionType, value: Any) -> Matcher:
    return Matcher(op=MatcherOperator.AND, cond=(Condition(type=kind, value=value),))


def act(currents: Currents, **fields: Any) -> Awaitable[object]:
    every: dict[str, Any] = {
        "name": "n",
        "action": [Effect.skip()],
        "matcher": Matcher.all(when.title.eq("t")),
        **fields,
    }
    return currents.actions.create(project_id="p", **every)


def issue(jira_project_id: str) -> dict[str, Any]:
    return {
        "run_id": "r",
        "test_id": "t",
        "jira_installation_id": "ji",
        "jira_project_id": jira_project_id,
        "jira_issue_type": "1",
        "project_id": "p",
    }


# Every list, and every operation that takes a span of time.
PAGES: dict[str, tuple[int, Callable[..., Awaitable[object]]]] = {
    "listProjects": (100, lambda c, **o: c.projects.list(**o)),
    "listProjectRuns": (100, lambda c, **o: c.runs.list("p", **o)),
    "listProjectPullRequests": (50, lambda c, **o: c.projects.pull_requests("p", **o)),
    "listProjectTerms": (100, lambda c, **o: c.projects.terms("tag", "p", **o)),
    "getSpecFiles": (50, lambda c, **o: c.spec_files.list("p", **{**SPAN, **o})),
    "getTestResults": (100, lambda c, **o: c.test_results.list("s", **{**SPAN, **o})),
    "getErrorsExplorer": (100, lambda c, **o: c.errors.list("p", **{**SPAN, **o})),
    "listAffectedTests": (100, lambda c, **o: c.actions.affected_tests("p", **{**SPAN, **o})),
    "getAffectedTestExecutions": (
        50,
        lambda c, **o: c.actions.executions("s", project_id="p", **{**SPAN, **o}),
    ),
    "getAffectedTestExecutionsByAction": (
        50,
        lambda c, **o: c.actions.executions_by_action("a", **{**SPAN, **o}),
    ),
    "listJiraProjects": (100, lambda c, **o: c.jira.projects("ji", **o)),
    "listJiraIssueTypes": (
        100,
        lambda c, **o: c.jira.issue_types("jp", jira_installation_id="ji", **o),
    ),
}
SPANS: dict[str, Callable[..., Awaitable[object]]] = {
    "getProjectInsights": lambda c, **o: c.projects.insights("p", **o),
    "getTestsExplorer": lambda c, **o: c.tests.list("p", **o),
    **{
        name: call
        for name, (_, call) in PAGES.items()
        if name not in {"listProjects", "listProjectTerms"} and "Jira" not in name
    },
}

_PR_ID = (["x", "~" * 128], ["", "x" * 129, "a b", "ä"], "pr_id must")
LIMITS = [
    *(
        Limit(
            name,
            passing(call, "page_size"),
            [1, most],
            [0, most + 1, True, "9"],
            f"page_size must be an integer from 1 to {most},",
        )
        for name, (most, call) in PAGES.items()
    ),
    *(
        Limit(
            name,
            from_to(call),
            [(DAY, DAY), (NOON, NOON), (NOON_IN_KIRITIMATI, NOON), (DAY, NOON)],
            [
                (date(2026, 2, 1), DAY),
                (NOON, NOON - timedelta(seconds=1)),
                (NOON, DAY),  # a day is its beginning
                (NOON, NOON_IN_KIRITIMATI),
                (TOO_EARLY, NOON),
            ],
            "date_start must (not be after date_end|lie in the years)",
        )
        for name, call in SPANS.items()
    ),
    Limit(
        "findRun",
        lambda c, branch: c.runs.find("p", branch=branch),
        ["x" * 250, "release/*"],
        ["x" * 251, "two words", "a*b", "ä"],
        "branch must",
    ),
    Limit(
        "cancelRunByGithubCI",
        lambda c, attempt: c.runs.cancel_github_ci("1", attempt),
        [1],
        [0, "1"],
        "attempt must be a positive integer",
    ),
    Limit(
        "resetRun",
        lambda c, machines: c.runs.reset("r", machines),
        [["m"], ["m"] * 63],
        [[], ["m"] * 64],
        "machine_ids must have 1 to 63 items",
    ),
    Limit("listProjectRuns", lambda c, pr_id: c.runs.list("p", pr_id=pr_id), *_PR_ID),
    Limit(
        "listProjectRuns",
        lambda c, search: c.runs.list("p", search=search),
        ["x" * 200, f"\n{'x' * 200} ", "\N{GRINNING FACE}" * 200],
        ["", " ", "x" * 201, "a\tb"],
        "search must",
    ),
    Limit(
        "listProjectPullRequests",
        lambda c, runs: c.projects.pull_requests("p", runs_per_pr=runs),
        [0, 10],
        [-1, 11, True],
        "runs_per_pr must be an integer from 0 to 10",
    ),
    Limit(
        "listProjectPullRequests", lambda c, pr: c.projects.pull_requests("p", pr_id=pr), *_PR_ID
    ),
    Limit(
        "listProjectPullRequests",
        lambda c, name: c.projects.pull_requests("p", environments=[name]),
        ["staging", "~"],
        ["", "two words", "ä"],
        r"environments\[0\] must",
    ),
    Limit(
        "listProjectPullRequests",
        lambda c, search: c.projects.pull_requests("p", search=search),
        ["x", "a b", f" {'~' * 200}\n"],
        ["", " ", "x" * 201, "ä"],
        "search must",
    ),
    Limit(
        "listProjectPullRequests",
        lambda c, search: c.projects.pull_requests("p", pr_search=search),
        ["#482", f" {'ä' * 200} ", "\N{GRINNING FACE}" * 200],
        ["", " ", "ä" * 201, "a\x7fb"],
        "pr_search must",
    ),
    Limit(
        "listProjectPullRequests",
        lambda c, order: c.projects.pull_requests("p", order=order),
        ["last_run", "first_run", "run_count"],
        ["last", "LAST_RUN", ""],
        "order must",
    ),
    Limit(
        "listProjectPullRequests",
        lambda c, state: c.projects.pull_requests("p", completion_state=[state]),
        ["COMPLETE", "TIMEOUT"],
        ["complete", "PASSED"],
        r"completion_state\[0\] must be one of COMPLETE, IN_PROGRESS",
    ),
    Limit(
        "listProjectTerms",
        lambda c, search: c.projects.terms("tag", "p", search=search),
        ["x" * 128, f" {'x' * 128} "],
        ["", "x" * 129],
        "search must",
    ),
    Limit(
        "getTestsExplorer",
        lambda c, count: c.tests.list("p", **SPAN, min_executions=count),
        [1],
        [0],
        "min_executions must be a positive integer",
    ),
    Limit(
        "getErrorsExplorer",
        lambda c, count: c.errors.list("p", **SPAN, top_n=count),
        [1, 50],
        [0, 51],
        "top_n must be an integer from 1 to 50",
    ),
    *(
        Limit(name, call, ["x" * 100, f" {'x' * 100} "], ["", " ", "x" * 101], "search must")
        for name, call in (
            ("listActions", lambda c, text: c.actions.list("p", search=text)),
            (
                "listAffectedTests",
                lambda c, text: c.actions.affected_tests("p", **SPAN, search=text),
            ),
        )
    ),
    *(
        Limit(operation, call, ["x", "x" * 255], ["", "x" * 256], "name must")
        for operation, call in (
            ("createAction", lambda c, name: act(c, name=name)),
            ("updateAction", lambda c, name: c.actions.update("a", name=name)),
        )
    ),
    Limit(
        "createAction",
        lambda c, text: act(c, description=text),
        ["", "x" * 1000],
        ["x" * 1001],
        "description must have at most 1,000 characters",
    ),
    Limit(
        "createAction",
        lambda c, effects: act(c, action=effects),
        [[Effect.skip()] * 3],
        [[]],
        "action must have at least 1 item",
    ),
    Limit(
        "createAction",
        lambda c, tags: act(c, action=[Effect.tag(*tags)]),
        ["a", "abcdefghij"],
        ["", "abcdefghijk"],
        r"action\[0\].tags must have 1 to 10 items",
    ),
    Limit(
        "createAction",
        lambda c, matcher: act(c, matcher=matcher),
        [
            matched(ConditionType.TITLE, PATTERN),
            matched(ConditionType.TAG, ("a",)),
            matched(ConditionType.TEST_ID, "t"),
        ],
        [
            Matcher(op=MatcherOperator.AND),
            matched(ConditionType.TAG, PATTERN),
            matched(ConditionType.TEST_ID, PATTERN),
            matched(ConditionType.TITLE, ({"type": "RegexPattern", "pattern": "(a+)+"},)),
        ],
        r"matcher(.cond\[0\].value(: (tag|testId) takes no patterns| would never match)| must)",
    ),
    Limit(
        "createAction",
        lambda c, moment: act(c, expires_after=moment),
        [NOON, NOON_IN_KIRITIMATI, DAY],
        [NOON.replace(tzinfo=None), TOO_EARLY, "2027-01-31T12:00:00Z", 1],
        "expires_after must",
    ),
    Limit(
        "createWebhook",
        lambda c, url: c.webhooks.create(url, project_id="p"),
        ["x" * 2048],
        ["", "x" * 2049],
        "url must",
    ),
    Limit(
        "createWebhook",
        lambda c, value: c.webhooks.create("u", headers={"X-Secret": value}, project_id="p"),
        ["x" * LONG_HEADER],
        ["x" * (LONG_HEADER + 1)],
        "headers must have at most 4,096 characters as JSON",
    ),
    Limit(
        "updateWebhook",
        lambda c, label: c.webhooks.update(HOOK, label=label),
        ["l", "l" * 255],
        ["", "l" * 256],
        "label must",
    ),
    *(
        Limit(
            operation,
            call,
            [HOOK, HOOK.upper()],
            ["", "a/b", HOOK[:-1], HOOK.replace("-4d2a-", "-1d2a-"), f"{{{HOOK}}}"],
            "hook_id must",
        )
        for operation, call in (
            ("getWebhook", lambda c, hook: c.webhooks.get(hook)),
            ("updateWebhook", lambda c, hook: c.webhooks.update(hook, label="l")),
            ("deleteWebhook", lambda c, hook: c.webhooks.delete(hook)),
        )
    ),
    *(
        Limit(
            "getContext",
            passing(partial(context, about), name),
            allowed,
            refused,
            f"{name} must be an integer",
        )
        for name, about, allowed, refused in (
            ("attempt", {"instance_id": "i", "test_id": "t"}, [0], [-1]),
            ("limit", {"run_id": "r"}, [1, 50], [0, 51]),
            ("page", {"run_id": "r"}, [0], [-1]),
            ("max_length", {"run_id": "r"}, [1, 50_000], [0, 50_001, 1.5]),
        )
    ),
    *(
        Limit(operation, call, ["x", "x" * 128], ["", "x" * 129], "jira_project_id must")
        for operation, call in (
            ("listJiraIssueTypes", lambda c, p: c.jira.issue_types(p, jira_installation_id="ji")),
            ("createJiraIssue", lambda c, p: c.jira.create_issue(**issue(p))),
            ("linkJiraIssue", lambda c, p: c.jira.link_issue("SHOP-1", **issue(p))),
        )
    ),
]


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: f"{limit.operation}: {limit.says}")
async def test_a_limit(server: FakeCurrents, currents: Currents, limit: Limit) -> None:
    for value in limit.refused:
        with pytest.raises(InvalidArgumentError, match=limit.says):
            await limit.call(currents, value)
    server.requests.assert_none()

    server.fail(None, 400, times=None)  # what the world would respond does not matter
    for value in limit.allowed:
        with pytest.raises(CurrentsError) as caught:
            await limit.call(currents, value)
        assert not isinstance(caught.value, InvalidArgumentError)
    server.requests.assert_sent(limit.operation, times=len(limit.allowed))
    server.requests.assert_count(len(limit.allowed))
