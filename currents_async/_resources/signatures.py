"""Signatures of tests: POST /signature/test.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from collections.abc import Sequence

from currents_async._checks import check_prose, check_text, check_texts
from currents_async._resources._group import Group
from currents_async._wire.endpoint import Endpoint
from currents_async.errors import InvalidArgumentError
from currents_async.models.tests import TestSignature

GET_TEST_SIGNATURE = Endpoint(
    "getTestSignature",
    "POST",
    "/signature/test",
    TestSignature,
    idempotent=True,  # it computes something, and changes nothing
)


class Signatures(Group):
    """Signatures, which identify tests within a project."""

    __slots__ = ()

    async def get(
        self, spec: str, title: str | Sequence[str], project_id: str | None = None
    ) -> TestSignature:
        """Fetch the signature of a test, for `test_results.list`.

        `spec` is the path of the spec file. `title` is the test's title, or the titles of the
        suites around the test and then its own. `project_id` defaults to the client's.
        """
        body = {
            "projectId": check_text("project_id", self._project(project_id)),
            "specFilePath": check_text("spec", spec),
            "testTitle": _check_title(title),
        }
        return await self._transport.call(GET_TEST_SIGNATURE.request(body=body))


def _check_title(title: str | Sequence[str]) -> str | list[str]:
    if not title:
        raise InvalidArgumentError("title must not be empty")
    if isinstance(title, str):
        return check_prose("title", title)
    return check_texts("title", title, check_prose)
