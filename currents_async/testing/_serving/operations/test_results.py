"""The results of one test, and its signature.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from typing import Annotated

import msgspec

from currents_async._resources.signatures import GET_TEST_SIGNATURE
from currents_async._resources.test_results import GET_TEST_RESULTS
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project, read_body
from currents_async.testing._serving.api_response import ApiResponse
from currents_async.testing._serving.filters import has_annotations, read_annotations, read_scope
from currents_async.testing._serving.paging import read_cursor_request
from currents_async.testing._serving.params import Params, no_params
from currents_async.testing._serving.results import result_to_wire
from currents_async.testing._world.executions import join_title, test_signature
from currents_async.testing._world.tests import STATES
from currents_async.testing.world import World, WorldExecution


def get_test_results(world: World, request: ApiRequest) -> ApiResponse:
    """GET /test-results/{signature}: the newest first; a test that never ran has none."""
    params = Params(request)
    paging = read_cursor_request(params, request, "getTestResults")
    scope = read_scope(params)
    states, flaky = params.choices("status[]", STATES), params.flag("flaky")
    is_annotated = has_annotations(read_annotations(params))
    params.end()

    def matches(one: WorldExecution) -> bool:
        return (
            (not states or one.state in states) and flaky in {None, one.flaky} and is_annotated(one)
        )

    executions = world.view.with_signature(request.path_args["signature"])
    return paging.respond(
        filter(matches, scope.of(executions)),
        lambda one: one.order,
        lambda one: result_to_wire(world, one),
    )


def get_test_signature(world: World, request: ApiRequest) -> ApiResponse:
    """POST /signature/test: a list of titles is joined by ` > `, a single text is not changed."""
    no_params(request)
    body = read_body(request, _Test)
    project_id = known_project(world, body.project_id)
    title = body.test_title if isinstance(body.test_title, str) else join_title(body.test_title)
    signature = test_signature(project_id, body.spec_file_path, title)
    return ApiResponse(lambda: {"signature": signature})


_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Test(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    project_id: str
    spec_file_path: _Text
    test_title: _Text | Annotated[list[str], msgspec.Meta(min_length=1)]


ROUTES = (
    Route(GET_TEST_RESULTS, get_test_results),
    Route(GET_TEST_SIGNATURE, get_test_signature),
)
