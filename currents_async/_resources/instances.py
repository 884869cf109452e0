"""Instances: GET /instances/….

Source: `docs/api/operations.md`, "Instances".
"""

from collections.abc import Coroutine, Iterable
from functools import partial
from typing import Any, Literal, overload

from currents_async._checks import check_segment, check_texts
from currents_async._fanout.plans import IdPlan, InstanceResult
from currents_async._fanout.results import InstanceResults, deadline_of, instances_of
from currents_async._resources._group import Group, compound
from currents_async._transport import CallOptions, Transport
from currents_async._wire.array import ArrayField
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.lasting import lasting_instance
from currents_async.models.annotations import Annotation
from currents_async.models.common import OnError, Screenshot
from currents_async.models.instances import Attachment, Instance, InstanceTest, Trace, Video

_ARRAYS = (
    ArrayField(("results", "tests"), InstanceTest),
    ArrayField(("results", "screenshots"), Screenshot),
    ArrayField(("results", "videos"), Video),
    ArrayField(("results", "playwright_traces"), Trace),
    ArrayField(("results", "attachments"), Attachment),
    # Of schema 2.
    ArrayField(("_test_results",), InstanceTest | None, keyed=True),
    ArrayField(("_test_list",), InstanceTest | None, keyed=True),
    ArrayField(("_test_tags",), tuple[str, ...] | None, keyed=True),
    ArrayField(("_test_annotations",), tuple[Annotation, ...] | None, keyed=True),
)

GET_INSTANCE = Endpoint(
    "getInstance",
    "GET",
    "/instances/{instance_id}",
    Instance,
    _ARRAYS,
    lasting=lasting_instance,
)


def fetch_instance(
    transport: Transport, instance_id: str, options: CallOptions
) -> Coroutine[Any, Any, Instance]:
    """Fetch an instance as part of a larger call."""
    return transport.call(GET_INSTANCE.request({"instance_id": instance_id}), options)


class Instances(Group):
    """Executions of single spec files."""

    __slots__ = ()

    async def get(self, instance_id: str) -> Instance:
        """Fetch an instance with its tests, their attempts, errors and artifacts.

        Raises `NotFoundError`, and `PayloadTooLargeError` when the instance, compressed, is over
        the 1 MB that the API sends.
        """
        return await self._transport.call(GET_INSTANCE.request({"instance_id": instance_id}))

    @overload
    async def get_many(
        self,
        instance_ids: Iterable[str],
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
        on_error: Literal["raise"] = "raise",
    ) -> list[Instance]: ...

    @overload
    async def get_many(
        self,
        instance_ids: Iterable[str],
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
        on_error: Literal["collect"],
    ) -> list[InstanceResult]: ...

    @compound
    async def get_many(
        self,
        instance_ids: Iterable[str],
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
        on_error: OnError = "raise",
    ) -> list[Instance] | list[InstanceResult]:
        """Fetch instances concurrently, and return them in the order of their IDs.

        An ID that is given twice is fetched and returned once. At most `concurrency` instances are
        in flight, and never more than `Limits.concurrency`, the default. `Timeouts.total` applies
        to each request, and `timeout` to the whole: seconds, by default without end. Raises the
        first error; with `on_error="collect"` returns an `InstanceResult` for each ID, with its
        `instance` or its `error`.
        """
        ids = check_texts("instance_ids", instance_ids, check_segment)
        async with InstanceResults(
            IdPlan(ids),
            partial(fetch_instance, self._transport),
            transport=self._transport,
            ends_at=deadline_of(self._transport.channel.clock, timeout),
            concurrency=self._concurrency(concurrency),
            on_error=on_error,
        ) as results:
            found = await results.in_order()
        return found if on_error == "collect" else instances_of(found)
