"""The instances whose artifacts to download: one that is given, by IDs, or of a run."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from currents_async._downloads.artifacts import FetchInstance
from currents_async._fanout.plans import IdPlan, InstanceResult
from currents_async._fanout.results import InstanceResults, deadline_of
from currents_async._streams import RunStream
from currents_async._transport import Transport
from currents_async.models.common import OnError
from currents_async.models.instances import Instance
from currents_async.models.runs import RunSpec

Take = Callable[[InstanceResult], Awaitable[None]]
Source = Callable[[Take], Awaitable[None]]
"""Hands over instances, each with its ID and after the one before has been taken, or errors."""


async def given_instance(instance: Instance, take: Take) -> None:
    await take(InstanceResult(instance_id=instance.instance_id, instance=instance))


def instances_by_id(
    instance_ids: Iterable[str],
    transport: Transport,
    fetch_instance: FetchInstance,
    *,
    concurrency: int,
    on_error: OnError,
) -> Source:
    """Return a source of instances as they arrive, a few of which are fetched ahead."""
    results = partial(
        InstanceResults,
        IdPlan(instance_ids),
        fetch_instance,
        transport=transport,
        ends_at=deadline_of(transport.channel.clock, None),
        concurrency=concurrency,
        on_error=on_error,
    )
    return partial(_hand_over, results)


async def _hand_over(fan_out: Callable[[], InstanceResults], take: Take) -> None:
    async with fan_out() as results:
        async for result in results:
            await take(result)
            # Before the next one is awaited: a traceback with locals would show signatures.
            del result


async def instances_of_run(
    stream: RunStream[RunSpec],
    only: Callable[[RunSpec], bool] | None,
    by_ids: Callable[[Iterable[str]], Source],
    take: Take,
) -> None:
    """Hand over the instances of a run.

    The whole run is read first, because it has a deadline, and downloads take long.
    """
    async with stream as specs:
        wanted = [spec.instance_id async for spec in specs if only is None or only(spec)]
    claimed = [instance_id for instance_id in wanted if instance_id is not None]
    await by_ids(claimed)(take)
