"""All 38 operations, each with everything that belongs to it: nothing is forgotten."""

import inspect
from typing import Any, get_args, get_origin

import msgspec
import pytest

from currents_async._wire.endpoint import Endpoint
from currents_async.models import CursorPage
from currents_async.testing._serving.routes import ROUTES
from tests.operations import constants, operations
from tests.test_requests import ROWS

# As in the API's documents.
ALL = [
    "getRun",
    "findRun",
    "cancelRun",
    "cancelRunByGithubCI",
    "resetRun",
    "deleteRun",
    "getInstance",
    "listProjects",
    "getProject",
    "listProjectRuns",
    "getProjectInsights",
    "listProjectPullRequests",
    "listProjectTerms",
    "getSpecFiles",
    "getTestsExplorer",
    "getTestResults",
    "getErrorsExplorer",
    "getTestSignature",
    "listActions",
    "createAction",
    "getAction",
    "updateAction",
    "deleteAction",
    "enableAction",
    "disableAction",
    "listAffectedTests",
    "getAffectedTestExecutions",
    "getAffectedTestExecutionsByAction",
    "listWebhooks",
    "createWebhook",
    "getWebhook",
    "updateWebhook",
    "deleteWebhook",
    "getContext",
    "listJiraProjects",
    "listJiraIssueTypes",
    "createJiraIssue",
    "linkJiraIssue",
]

METHODS = {one.endpoint.operation: one for one in operations()}
ENDPOINTS: dict[str, Endpoint[Any]] = {one.operation: one for one in constants().values()}


def test_there_are_38() -> None:
    assert len(set(ALL)) == 38
    assert set(ENDPOINTS) == set(ALL)


@pytest.mark.parametrize("operation", ALL)
class TestEach:
    def test_has_a_method(self, operation: str) -> None:
        method = METHODS[operation].method
        documentation = inspect.getdoc(method)
        assert documentation is not None
        assert documentation.partition("\n")[0].endswith(".")
        assert inspect.signature(method).return_annotation is not inspect.Signature.empty

    def test_has_a_model(self, operation: str) -> None:
        """What is answered is of a type that decodes JSON, and not just anything."""
        returns = ENDPOINTS[operation].returns
        assert returns not in {object, Any}
        kind: Any = get_args(returns)[0] if get_origin(returns) is CursorPage else returns
        msgspec.json.Decoder(kind)

    def test_has_a_handler_in_the_fake(self, operation: str) -> None:
        assert operation in {route.endpoint.operation for route in ROUTES}

    def test_has_a_request_row(self, operation: str) -> None:
        assert operation in {row.operation for row in ROWS}

    def test_the_row_is_what_the_constant_says(self, operation: str) -> None:
        endpoint = ENDPOINTS[operation]
        for row in ROWS:
            if row.operation == operation:
                assert row.method == endpoint.method
                path = row.target.partition("?")[0].split("/")
                parts = endpoint.path.split("/")
                assert len(path) == len(parts)
                assert all(
                    part == there or part.startswith("{")
                    for part, there in zip(parts, path, strict=True)
                )
