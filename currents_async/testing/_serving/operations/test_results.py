"""The results of one test, and its signature.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from typing import Annotated

import msgspec

from currents_async._resources.signatures import GET_TEST_SIGNATURE
from currents_async._resources.test_results import GET_TEST_RESULTS
from currents_async.testing._serving.annotations import has_annotations, read_annotations
from currents_async.testing._serving.call import Call, Route, known_project, read_body
from currents_async.testing._serving.filters import read_scope
from currents_async.testing._serving.paging import read_slice
from currents_async.testing._serving.params import Params, no_params
from currents_async.testing._serving.replies import Reply
from currents_async.testing._serving.results import spell_result
from currents_async.testing._world.executions import join_title, test_signature
from currents_async.testing._world.tests import STATES
from currents_async.testing.world import World, WorldExecution


def get_test_results(world: World, call: Call) -> Reply:
    """GET /test-results/{signature}: the newest first; a test that never ran has none."""
    asked = Params(call)
    part = read_slice(asked, call, "getTestResults")
    scope = read_scope(asked)
    states, flaky = asked.choices("status[]", STATES), asked.flag("flaky")
    is_annotated = has_annotations(read_annotations(asked))
    asked.end()

    def is_asked_for(one: WorldExecution) -> bool:
        return (
            (not states or one.state in states) and flaky in {None, one.flaky} and is_annotated(one)
        )

    executions = world.view.with_signature(call.path_args["signature"])
    return part.reply(
        filter(is_asked_for, scope.of(executions)),
        lambda one: one.order,
        lambda one: spell_result(world, one),
    )


def get_test_signature(world: World, call: Call) -> Reply:
    """POST /signature/test: a list of titles is joined by ` > `, as one text may be already."""
    no_params(call)
    asked = read_body(call, _Test)
    project_id = known_project(world, asked.project_id)
    title = asked.test_title if isinstance(asked.test_title, str) else join_title(asked.test_title)
    signature = test_signature(project_id, asked.spec_file_path, title)
    return Reply(lambda: {"signature": signature})


_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Test(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    project_id: str
    spec_file_path: _Text
    test_title: _Text | Annotated[list[str], msgspec.Meta(min_length=1)]


ROUTES = (
    Route(GET_TEST_RESULTS, get_test_results),
    Route(GET_TEST_SIGNATURE, get_test_signature),
)
