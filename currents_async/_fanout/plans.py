"""What a fan-out has to fetch: the instances of a run that is still arriving, or given IDs."""

from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from currents_async._transport import Answer, Terms
from currents_async.errors import CurrentsError
from currents_async.models.instances import Instance
from currents_async.models.runs import Run, RunSpec


class InstanceResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one spec file of a run."""

    spec: RunSpec | None = None
    """The spec as the run lists it; None when the instance was asked for by its ID alone."""
    instance_id: str | None = None
    """None while no machine has claimed the spec: then there is neither instance nor error."""
    instance: Instance | None = None
    error: CurrentsError | None = None
    """Why the instance could not be fetched, with `on_error="collect"`."""


class Plan(Protocol):
    """Tells what to fetch, in the order in which to fetch it."""

    async def open(self, stack: AsyncExitStack, terms: Terms) -> None:
        """Begin; the stack lets go of what the plan holds."""
        ...

    def prefetch(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return what the plan has to do on the network, to be run beside its reader."""
        ...

    async def batch(self) -> list[InstanceResult]:
        """Return results that still lack their instance; none at the end."""
        ...

    @property
    def run(self) -> Run | None:
        """The run that the plan comes from, known at its end."""
        ...


class ScheduledSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """As much of a spec as it takes to fetch its instance."""

    instance_id: str | None = None


class _Schedulable(Protocol):
    @property
    def instance_id(self) -> str | None: ...


SpecT = TypeVar("SpecT", bound=_Schedulable)


class RunPlan(Generic[SpecT]):
    """Each instance of a run once, and each spec that has none."""

    def __init__(
        self,
        answer: Callable[[Terms], Answer[SpecT, Run]],
        only: Callable[[SpecT], bool] | None = None,
    ) -> None:
        self._new_answer = answer
        self._only = only
        self._planned: set[str] = set()

    async def open(self, stack: AsyncExitStack, terms: Terms) -> None:
        """Ask for the run."""
        self._answer = await stack.enter_async_context(self._new_answer(terms))

    def prefetch(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return what takes the run off the network."""
        return self._answer.prefetch()

    async def batch(self) -> list[InstanceResult]:
        """Plan what has arrived of the run; skip what is not wanted, or planned already."""
        while specs := await self._answer.batch():
            todo = [self._plan(spec) for spec in specs if self._is_wanted(spec)]
            if todo:
                return todo
        return []

    @property
    def run(self) -> Run:
        """The run without its specs, once `batch` has returned none."""
        return self._answer.data

    def _is_wanted(self, spec: SpecT) -> bool:
        if spec.instance_id in self._planned:
            return False
        if self._only is not None and not self._only(spec):
            return False
        if spec.instance_id is not None:
            self._planned.add(spec.instance_id)
        return True

    def _plan(self, spec: SpecT) -> InstanceResult:
        known: dict[str, Any] = {"spec": spec} if isinstance(spec, RunSpec) else {}
        return InstanceResult(instance_id=spec.instance_id, **known)


class IdPlan:
    """Instances by their IDs, each once."""

    run = None

    def __init__(self, instance_ids: Iterable[str]) -> None:
        unique = dict.fromkeys(instance_ids)
        self._todo = [InstanceResult(instance_id=instance_id) for instance_id in unique]

    async def open(self, stack: AsyncExitStack, terms: Terms) -> None:
        """Ask for nothing: all is known."""

    def prefetch(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return what does nothing: all is known."""
        return _nothing

    async def batch(self) -> list[InstanceResult]:
        """Plan everything at once."""
        todo, self._todo = self._todo, []
        return todo


async def _nothing() -> None:
    pass
