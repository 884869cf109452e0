"""What a fan-out fetches: the instances of a run that is still arriving, or those of given IDs."""

from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from typing import Any, Generic, TypeVar

import msgspec

from currents_async._fanout.seen import Seen
from currents_async._transport import CallOptions, ResponseStream
from currents_async.errors import CurrentsError
from currents_async.models._brief import Brief
from currents_async.models.instances import Instance
from currents_async.models.runs import Run, RunSpec


class InstanceResult(Brief, frozen=True, kw_only=True):
    """The outcome of one spec file of a run."""

    spec: RunSpec | None = None
    """The spec as the run lists it; None when the instance was requested by its ID."""
    instance_id: str | None = None
    """None while no machine has claimed the spec: then there is neither instance nor error."""
    instance: Instance | None = None
    error: CurrentsError | None = None
    """Why the instance could not be fetched, with `on_error="collect"`."""


class InstancePlan:
    """Base of what to fetch, in the order in which to fetch it."""

    async def open(self, stack: AsyncExitStack, options: CallOptions) -> None:
        """Request what the plan is made from, if anything; the stack closes it."""

    def prefetch(self) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """Return what reads that from the network, to be run beside `batch`; None for nothing."""
        return None

    async def batch(self) -> list[InstanceResult]:
        """Return results that still lack their instance; an empty list at the end."""
        raise NotImplementedError

    @property
    def run(self) -> Run | None:
        """The run that the plan is made from, if any, once `batch` has returned an empty list."""
        return None


class ScheduledSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The only field of a spec that is needed to fetch its instance."""

    instance_id: str | None = None


SpecT = TypeVar("SpecT", bound=RunSpec | ScheduledSpec)


class RunPlan(InstancePlan, Generic[SpecT]):
    """Each instance of a run once, and each spec that has none."""

    def __init__(
        self,
        open_stream: Callable[[CallOptions], ResponseStream[SpecT, Run]],
        only: Callable[[SpecT], bool] | None = None,
    ) -> None:
        self._open_stream = open_stream
        self._only = only
        self._planned = Seen()

    async def open(self, stack: AsyncExitStack, options: CallOptions) -> None:
        self._stream = await stack.enter_async_context(self._open_stream(options))

    def prefetch(self) -> Callable[[], Coroutine[Any, Any, None]]:
        return self._stream.prefetch()

    async def batch(self) -> list[InstanceResult]:
        """Plan the specs that have arrived, except unwanted ones and instances planned before."""
        while specs := await self._stream.batch():
            todo = [self._plan(spec) for spec in specs if self._is_wanted(spec)]
            if todo:
                return todo
        return []

    @property
    def run(self) -> Run:
        return self._stream.data

    def _is_wanted(self, spec: SpecT) -> bool:
        if self._only is not None and not self._only(spec):
            return False
        return spec.instance_id is None or self._planned.add(spec.instance_id)

    def _plan(self, spec: SpecT) -> InstanceResult:
        known: dict[str, Any] = {"spec": spec} if isinstance(spec, RunSpec) else {}
        return InstanceResult(instance_id=spec.instance_id, **known)


class IdPlan(InstancePlan):
    """Instances by their IDs, each once."""

    def __init__(self, instance_ids: Iterable[str]) -> None:
        unique = dict.fromkeys(instance_ids)
        self._todo = [InstanceResult(instance_id=instance_id) for instance_id in unique]

    async def batch(self) -> list[InstanceResult]:
        todo, self._todo = self._todo, []
        return todo
