"""The fan-out: many instances at once, each handed out as soon as it is there."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from operator import itemgetter
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

import anyio
import msgspec

from currents_async._config import check_count
from currents_async.errors import (
    ClientClosedError,
    CurrentsError,
    InvalidArgumentError,
    WrongLoopError,
)
from currents_async.models.instances import Instance
from currents_async.models.runs import Run, RunSpec

if TYPE_CHECKING:  # anyio loads its parts when they are first used: see `load_backend`
    from anyio.abc import TaskGroup
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

OnError = Literal["raise", "collect"]


async def load_backend() -> None:
    """Make anyio load what a fan-out needs: tens of milliseconds, once in a process.

    Done when a client opens, it stalls the loop before there is work rather than amid it.
    """
    send, receive = anyio.create_memory_object_stream[None](0)
    async with send, receive, anyio.create_task_group():
        pass


class InstanceResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one spec file of a run."""

    spec: RunSpec | None = None
    """The spec as the run lists it; None when the instance was asked for by its ID alone."""
    instance_id: str | None = None
    """None while no machine has claimed the spec: then there is neither instance nor error."""
    instance: Instance | None = None
    error: CurrentsError | None = None
    """Why the instance could not be fetched, with `on_error="collect"`."""


def instances_of(results: Iterable[InstanceResult]) -> list[Instance]:
    """Return the instances that there are."""
    return [result.instance for result in results if result.instance is not None]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a fan-out has to do."""

    todo: Iterable[InstanceResult]
    """Results still without their instance, in the order in which to fetch them."""
    run: Run | None = None
    """The run they belong to."""


MakePlan = Callable[[], Awaitable[Plan]]
_Numbered = tuple[int, InstanceResult]


def plan_for_run(
    fetch_run: Callable[[], Awaitable[Run]], only: Callable[[RunSpec], bool] | None
) -> MakePlan:
    """Plan each instance of a run once, and each spec that has none."""

    async def plan() -> Plan:
        run = await fetch_run()
        return Plan(run=run, todo=_of_specs(run.specs, only))

    return plan


def plan_for_ids(instance_ids: Iterable[str]) -> MakePlan:
    """Plan instances by their IDs, each once."""
    todo = [InstanceResult(instance_id=instance_id) for instance_id in dict.fromkeys(instance_ids)]

    async def plan() -> Plan:
        return Plan(todo=todo)

    return plan


def _of_specs(
    specs: Iterable[RunSpec], only: Callable[[RunSpec], bool] | None
) -> Iterator[InstanceResult]:
    seen: set[str] = set()
    for spec in specs:
        instance_id = spec.instance_id
        if instance_id in seen or not (only is None or only(spec)):
            continue
        if instance_id is not None:
            seen.add(instance_id)
        yield InstanceResult(spec=spec, instance_id=instance_id)


class InstanceResults:
    """Instances as they arrive: an async context manager, and inside it an async iterator.

    Leaving the context, by `break`, an error or at the end, cancels what is under way; nothing
    runs on. At most `concurrency` instances are fetched or waiting to be taken at any moment.
    """

    def __init__(
        self,
        plan: MakePlan,
        fetch: Callable[[str], Awaitable[Instance]],
        *,
        concurrency: int,
        on_error: OnError,
    ) -> None:
        check_count("concurrency", concurrency)
        if on_error not in {"raise", "collect"}:
            raise InvalidArgumentError(f"on_error must be 'raise' or 'collect', not {on_error!r}")
        self._plan = plan
        self._fetch = fetch
        self._concurrency = concurrency
        self._collect = on_error == "collect"
        self._run: Run | None = None
        self._stack: AsyncExitStack | None = None
        self._group: TaskGroup | None = None
        self._settled: MemoryObjectReceiveStream[_Numbered | Exception] | None = None

    @property
    def run(self) -> Run:
        """The run, complete once the iteration has ended."""
        if self._run is None:
            raise RuntimeError("there is no run before 'async with' has been entered")
        return self._run

    async def __aenter__(self) -> Self:
        if self._stack is not None:
            raise RuntimeError("these results have been used: ask for them again")
        plan = await self._plan()
        self._run = plan.run
        # A buffer of 0 makes a slow consumer hold the workers back.
        send, self._settled = anyio.create_memory_object_stream[_Numbered | Exception](0)
        # The stream is the outer context: the workers are gone before it is closed.
        self._stack = AsyncExitStack()
        await self._stack.enter_async_context(self._settled)
        self._group = await self._stack.enter_async_context(anyio.create_task_group())
        todo = enumerate(plan.todo)
        async with send:
            for _ in range(self._concurrency):
                self._group.start_soon(self._work, todo, send.clone())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._group is not None and self._stack is not None:
            self._group.cancel_scope.cancel()
            # Closed, not exited with `exc`: the task group would wrap it in an ExceptionGroup.
            await self._stack.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> InstanceResult:
        settled = await self._receive()
        if settled is None:
            raise StopAsyncIteration
        return settled[1]

    async def in_order(self) -> list[InstanceResult]:
        """Await all results that are left, and return them in the order of the run's specs."""
        numbered: list[_Numbered] = []
        while (settled := await self._receive()) is not None:
            numbered.append(settled)
        return [result for _, result in sorted(numbered, key=itemgetter(0))]

    async def _receive(self) -> _Numbered | None:
        if self._settled is None:
            raise RuntimeError("iterate inside 'async with'")
        try:
            settled = await self._settled.receive()
        except anyio.EndOfStream:
            return None
        if isinstance(settled, Exception):
            raise settled
        return settled

    async def _work(
        self,
        todo: Iterator[_Numbered],
        send: "MemoryObjectSendStream[_Numbered | Exception]",
    ) -> None:
        """Settle one after the other, until another worker has taken the last."""
        async with send:
            try:
                for number, pending in todo:
                    settled = await self._settle(pending)
                    await send.send((number, settled))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the consumer's to see
                # Raised in a task it would leave the task group inside an ExceptionGroup; sent, it
                # is raised to the consumer as itself.
                await send.send(error)

    async def _settle(self, pending: InstanceResult) -> InstanceResult:
        """Fetch the instance that is still missing."""
        if pending.instance_id is None:
            return pending
        try:
            instance = await self._fetch(pending.instance_id)
        except (ClientClosedError, WrongLoopError):
            raise  # about the client, not about this instance
        except CurrentsError as error:
            if not self._collect:
                raise
            return msgspec.structs.replace(pending, error=error)
        return msgspec.structs.replace(pending, instance=instance)
