"""The explorers of tests, spec files and errors.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors". What each number counts is
in `_world/counts.py` and `_world/errors.py`.
"""

from collections.abc import Callable

import msgspec

from currents_async._resources.errors import GET_ERRORS_EXPLORER
from currents_async._resources.spec_files import GET_SPEC_FILES
from currents_async._resources.tests import GET_TESTS_EXPLORER
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse, RefusedError
from currents_async.testing._serving.filters import (
    Range,
    Scope,
    contains,
    read_annotations,
    read_scope,
)
from currents_async.testing._serving.paging import cache_key, read_page_request
from currents_async.testing._world.counts import STATES, MetricStates, count_spec_files, count_tests
from currents_async.testing._world.errors import (
    KEYS,
    METRICS,
    ORDERS,
    error_timeline,
    group_errors,
    order_errors,
)
from currents_async.testing._world.facts import Wire
from currents_async.testing.world import World, WorldExecution

_TEST_ORDERS = {
    "failures": "failures",
    "passes": "passes",
    "flakiness": "flakinessRate",
    "flakinessXSamples": "flakinessVolume",
    "failRateXSamples": "failureVolume",
    "duration": "avgDurationMs",
    "durationXSamples": "durationVolume",
    "executions": "executions",
}
_TEST_DELTAS = {
    "durationDelta": "avgDurationMs",
    "flakinessRateDelta": "flakinessRate",
    "failureRateDelta": "failureRate",
}
"""Orders by the growth of a metric since the previous period of the same length."""


class _TestQuery(msgspec.Struct, frozen=True, kw_only=True):
    scope: Scope
    order: str
    ascending: bool
    spec: str | None
    title: str | None
    min_executions: int
    states: list[str]
    settings: MetricStates
    has_annotations: Callable[[WorldExecution], bool]


def get_tests_explorer(world: World, request: ApiRequest) -> ApiResponse:
    """GET /tests/{projectId}: by `failures`, the largest first by default.

    `spec` and `title` match a part, ignoring case. With `test_state[]`, only executions in these
    states are counted. `metric_settings` says which states count for a metric.
    """
    paging = read_page_request(request)
    query = _TestQuery(
        scope=read_scope(request),
        order=request.choice("order", (*_TEST_ORDERS, *_TEST_DELTAS, "title"), "failures"),
        ascending=request.ascending(),
        spec=request.text("spec"),
        title=request.text("title"),
        min_executions=request.number("min_executions", 1, min_value=1),
        states=request.choices("test_state[]", STATES),
        settings=request.json("metric_settings", MetricStates) or MetricStates(),
        has_annotations=read_annotations(request),
    )
    request.end()
    project_id = known_project(world, request.path_args["project_id"])
    tests = world.view.cached(cache_key(request), lambda: _explore_tests(world, project_id, query))
    return paging.respond(tests, lambda test: test)


def _explore_tests(world: World, project_id: str, query: _TestQuery) -> list[Wire]:
    counted = _count_tests(world, project_id, query, query.scope.range)
    tests = [
        test
        for test in counted.values()
        if contains(query.spec, [test["spec"]])
        and contains(query.title, [test["title"]])
        and test["metrics"]["executions"] >= query.min_executions
    ]
    tests.sort(key=lambda test: (test["title"], test["signature"]))
    if query.order == "title":
        return tests if query.ascending else tests[::-1]
    if query.order in _TEST_ORDERS:
        name, before = _TEST_ORDERS[query.order], dict[str, Wire]()
    else:
        name = _TEST_DELTAS[query.order]
        before = _count_tests(world, project_id, query, query.scope.range.before)

    def value(test: Wire) -> float:
        earlier = before.get(test["signature"])
        now: float = test["metrics"][name]
        return now - (earlier["metrics"][name] if earlier else 0)

    tests.sort(key=value, reverse=not query.ascending)
    return tests


def _count_tests(
    world: World, project_id: str, query: _TestQuery, during: Range
) -> dict[str, Wire]:
    return count_tests(
        (
            one
            for one in query.scope.of(world.executions(project_id), during)
            if (not query.states or one.state in query.states) and query.has_annotations(one)
        ),
        query.settings,
    )


_MAX_SPEC_FILES = 50
_SPEC_FILE_ORDERS = (
    "avgDuration",
    "failedExecutions",
    "failureRate",
    "flakeRate",
    "flakyExecutions",
    "fullyReported",
    "overallExecutions",
    "suiteSize",
    "timeoutExecutions",
    "timeoutRate",
)


def get_spec_files(world: World, request: ApiRequest) -> ApiResponse:
    """GET /spec-files/{projectId}: by `avgDuration`, the largest first by default."""
    paging = read_page_request(request, max_limit=_MAX_SPEC_FILES)
    scope = read_scope(request)
    order = request.choice("order", _SPEC_FILE_ORDERS, "avgDuration")
    ascending = request.ascending()
    name, failed_too = request.text("specNameFilter"), request.flag("includeFailedInDuration")
    request.end()
    project_id = known_project(world, request.path_args["project_id"])

    def count() -> list[Wire]:
        runs = scope.runs(world, project_id)
        counted = count_spec_files(runs, scope.groups, failed_in_duration=bool(failed_too))
        files = [file for file in counted if contains(name, [file["spec"]])]
        files.sort(key=lambda file: file["signature"])
        files.sort(key=lambda file: file["metrics"][order], reverse=not ascending)
        return files

    return paging.respond(world.view.cached(cache_key(request), count), lambda file: file)


_TOP = 10
_MAX_TOP = 50


def get_errors_explorer(world: World, request: ApiRequest) -> ApiResponse:
    """GET /errors/{projectId}: by message and `count`, the largest first by default.

    `error_message` matches a part, ignoring case; the other filters match the whole. The timeline
    is in days, of the errors that match.
    """
    paging = read_page_request(request)
    scope = read_scope(request, operator="tags_logical_operator")
    message = request.text("error_message")
    traits = {key: request.text(f"error_{key}") for key in ("target", "category", "action")}
    order = request.choice("order_by", (*ORDERS, "error"), "count")
    ascending = request.ascending()
    group_by = request.choices("group_by[]", KEYS) or ["message"]
    metric = request.choice("metric", METRICS, "occurrence")
    top = request.number("top_n", _TOP, min_value=1, max_value=_MAX_TOP)
    request.end()
    if len(set(group_by)) != len(group_by):
        raise RefusedError(400, "group_by[] must not name anything twice")
    project_id = known_project(world, request.path_args["project_id"])

    def matches(one: WorldExecution) -> bool:
        error = one.error
        return (
            error is not None
            and contains(message, [error.message])
            and all(value in {None, KEYS[key][1](error)} for key, value in traits.items())
        )

    def explore() -> tuple[list[Wire], list[Wire]]:
        failed = [one for one in scope.of(world.executions(project_id)) if matches(one)]
        groups = group_errors(failed, group_by)
        items = order_errors(groups, group_by, order, ascending=ascending)
        return items, error_timeline(failed, group_by, metric, top)

    items, timeline = world.view.cached(cache_key(request), explore)
    return paging.respond(items, lambda item: item, {"timeline": timeline})


ROUTES = (
    Route(GET_SPEC_FILES, get_spec_files),
    Route(GET_TESTS_EXPLORER, get_tests_explorer),
    Route(GET_ERRORS_EXPLORER, get_errors_explorer),
)
