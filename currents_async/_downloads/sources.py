"""The instances whose artifacts to download: one that is given, by IDs, or of a run."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Protocol

from currents_async._downloads.save import FetchInstance
from currents_async._fanout.plans import IdPlan, InstanceResult
from currents_async._fanout.results import InstanceResults, deadline_of
from currents_async._streams import RunStream
from currents_async._transport import Transport
from currents_async.models.common import OnError
from currents_async.models.instances import Instance
from currents_async.models.runs import RunSpec

Take = Callable[[InstanceResult], Awaitable[None]]


class Source(Protocol):
    """Hands over instances, each with its ID, or errors in their place."""

    async def hand_over(self, take: Take) -> None:
        """Hand over one instance after the other, each after the one before has been taken."""
        ...


class GivenInstance:
    """An instance that has been fetched before."""

    def __init__(self, instance: Instance) -> None:
        self._result = InstanceResult(instance_id=instance.instance_id, instance=instance)

    async def hand_over(self, take: Take) -> None:
        """Hand over the instance."""
        await take(self._result)


class InstancesById:
    """Instances by their IDs."""

    def __init__(
        self,
        instance_ids: Iterable[str],
        transport: Transport,
        fetch_instance: FetchInstance,
        *,
        concurrency: int,
        on_error: OnError,
    ) -> None:
        self._results = partial(
            InstanceResults,
            IdPlan(instance_ids),
            fetch_instance,
            transport=transport,
            ends_at=deadline_of(transport.channel.clock, None),
            concurrency=concurrency,
            on_error=on_error,
        )

    async def hand_over(self, take: Take) -> None:
        """Hand over instances as they arrive, fetching a few ahead."""
        async with self._results() as results:
            async for result in results:
                await take(result)
                # Before the next one is awaited: a traceback with locals would show signatures.
                del result


class InstancesOfRun:
    """The instances of a run."""

    def __init__(
        self,
        specs: RunStream[RunSpec],
        only: Callable[[RunSpec], bool] | None,
        by_ids: Callable[[Iterable[str]], Source],
    ) -> None:
        self._specs = specs
        self._only = only
        self._by_ids = by_ids

    async def hand_over(self, take: Take) -> None:
        """Read the whole run first, because it has a deadline, and downloads take long."""
        async with self._specs as specs:
            wanted = [spec.instance_id async for spec in specs if self._is_wanted(spec)]
        claimed = [instance_id for instance_id in wanted if instance_id is not None]
        await self._by_ids(claimed).hand_over(take)

    def _is_wanted(self, spec: RunSpec) -> bool:
        return self._only is None or self._only(spec)
