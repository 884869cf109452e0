"""Failures with their context, in one response: GET /context.

Source: `docs/api/operations.md`, "Context".
"""

from typing import Literal

from currents_async._resources._group import Group
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.filters import Filters
from currents_async.errors import InvalidArgumentError
from currents_async.models.errors import ContextDetail, FailureContext

GET_CONTEXT = Endpoint("getContext", "GET", "/context", FailureContext)
GET_CONTEXT_MARKDOWN = Endpoint("getContext", "GET", "/context", str, accept="text/markdown")


class Context(Group):
    """Failures with their context.

    Pass `run_id` for those of a run, `run_id` and `instance_id` for those of an instance, or
    `instance_id` and `test_id` for those of a test.
    """

    __slots__ = ()

    async def get(
        self,
        *,
        run_id: str | None = None,
        instance_id: str | None = None,
        test_id: str | None = None,
        attempt: int | None = None,
        detail: ContextDetail | None = None,
        limit: int | None = None,
        page: int | None = None,
        include_flaky: bool | None = None,
    ) -> FailureContext:
        """Fetch the failures of a run, of an instance or of a test.

        `attempt` is an attempt at the test, counting from 0, by default the latest. `limit` is 1 to
        50 failed tests of a run or an instance, by default 10, and `page` counts from 0. The flaky
        tests of a run are left out unless `include_flaky` is True; that it has no effect on
        instances and tests is inferred.
        """
        filters = _subject(run_id, instance_id, test_id, attempt)
        query = _extent(filters, "json", detail, limit, page, include_flaky).query
        return await self._transport.call(GET_CONTEXT.request(query=query))

    async def markdown(
        self,
        *,
        run_id: str | None = None,
        instance_id: str | None = None,
        test_id: str | None = None,
        attempt: int | None = None,
        detail: ContextDetail | None = None,
        limit: int | None = None,
        page: int | None = None,
        include_flaky: bool | None = None,
        max_length: int | None = None,
    ) -> str:
        """Fetch the failures of a run, of an instance or of a test as Markdown.

        Takes the arguments of `get`, and `max_length`: 1 to 50,000 characters.
        """
        filters = _subject(run_id, instance_id, test_id, attempt)
        query = (
            _extent(filters, "md", detail, limit, page, include_flaky)
            .number("max_length", max_length, max_value=50_000)
            .query
        )
        return await self._transport.call(GET_CONTEXT_MARKDOWN.request(query=query))


def _subject(
    run_id: str | None, instance_id: str | None, test_id: str | None, attempt: int | None
) -> Filters:
    match run_id is not None, instance_id is not None, test_id is not None:
        case (True, _, False) | (False, True, True):
            pass
        case _:
            raise InvalidArgumentError(
                "pass run_id, run_id and instance_id, or instance_id and test_id"
            )
    if attempt is not None and test_id is None:
        raise InvalidArgumentError("attempt is for a test: pass instance_id and test_id")
    return (
        Filters()
        .text("run_id", run_id)
        .text("instance_id", instance_id)
        .text("test_id", test_id)
        .number("attempt", attempt, min_value=0)
    )


def _extent(
    filters: Filters,
    form: Literal["json", "md"],
    detail: ContextDetail | None,
    limit: int | None,
    page: int | None,
    include_flaky: bool | None,  # noqa: FBT001 - as the caller gave it
) -> Filters:
    return (
        filters
        .text("format", form)
        .choice("detail", detail, ContextDetail)
        .number("limit", limit, max_value=50)
        .number("page", page, min_value=0)
        .flag("include_flaky", include_flaky)
    )
