"""The tests explorer.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors". What each number
counts is in `_world/tests.py`.
"""

from collections.abc import Callable

import msgspec

from currents_async._resources.tests import GET_TESTS_EXPLORER
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse
from currents_async.testing._serving.filters import (
    Range,
    Scope,
    contains,
    has_annotations,
    read_annotations,
    read_scope,
)
from currents_async.testing._serving.paging import cache_key, read_page_request
from currents_async.testing._serving.params import Params
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.tests import STATES, MetricStates, count_tests
from currents_async.testing.world import World, WorldExecution

_ORDERS = {
    "failures": "failures",
    "passes": "passes",
    "flakiness": "flakinessRate",
    "flakinessXSamples": "flakinessVolume",
    "failRateXSamples": "failureVolume",
    "duration": "avgDurationMs",
    "durationXSamples": "durationVolume",
    "executions": "executions",
}
_DELTAS = {
    "durationDelta": "avgDurationMs",
    "flakinessRateDelta": "flakinessRate",
    "failureRateDelta": "failureRate",
}
"""Orders by the growth of a metric since the previous period of the same length."""


class _Query(msgspec.Struct, frozen=True, kw_only=True):
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
    params = Params(request)
    paging = read_page_request(params)
    query = _Query(
        scope=read_scope(params),
        order=params.choice("order", (*_ORDERS, *_DELTAS, "title"), "failures"),
        ascending=params.choice("dir", ("asc", "desc"), "desc") == "asc",
        spec=params.text("spec"),
        title=params.text("title"),
        min_executions=params.number("min_executions", 1, min_value=1),
        states=params.choices("test_state[]", STATES),
        settings=params.json("metric_settings", MetricStates) or MetricStates(),
        has_annotations=has_annotations(read_annotations(params)),
    )
    params.end()
    project_id = known_project(world, request.path_args["project_id"])
    key = cache_key(request, "getTestsExplorer")
    return paging.respond(
        world.view.cached(key, lambda: _explore(world, project_id, query)), lambda test: test
    )


def _explore(world: World, project_id: str, query: _Query) -> list[Wire]:
    counted = _count(world, project_id, query, query.scope.range)
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
    if query.order in _ORDERS:
        name, before = _ORDERS[query.order], dict[str, Wire]()
    else:
        name = _DELTAS[query.order]
        before = _count(world, project_id, query, query.scope.range.before)

    def value(test: Wire) -> float:
        earlier = before.get(test["signature"])
        now: float = test["metrics"][name]
        return now - (earlier["metrics"][name] if earlier else 0)

    tests.sort(key=value, reverse=not query.ascending)
    return tests


def _count(world: World, project_id: str, query: _Query, during: Range) -> dict[str, Wire]:
    return count_tests(
        (
            one
            for one in query.scope.of(world.executions(project_id), during)
            if (not query.states or one.state in query.states) and query.has_annotations(one)
        ),
        query.settings,
    )


ROUTES = (Route(GET_TESTS_EXPLORER, get_tests_explorer),)
