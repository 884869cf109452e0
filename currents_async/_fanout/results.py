"""The fan-out: many instances at once, each handed out as soon as it has arrived."""

import math
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, AsyncExitStack
from typing import get_args

import msgspec

from currents_async._checks import check_choice, check_seconds
from currents_async._clock import Clock
from currents_async._fanout.plans import InstancePlan, InstanceResult
from currents_async._fanout.pool import CLIENT_ERRORS, Jobs, Pool
from currents_async._transport import CallOptions, Transport
from currents_async.errors import CurrentsError, MisuseError
from currents_async.models.common import OnError
from currents_async.models.instances import Instance
from currents_async.models.runs import Run

_LOOKAHEAD = 1024
"""Specs of a run that are decoded ahead of their requests."""


def is_collecting(on_error: OnError) -> bool:
    """Return whether errors are collected; raise `InvalidArgumentError` for an unknown value."""
    return check_choice("on_error", on_error, get_args(OnError)) == "collect"


def instances_of(results: Iterable[InstanceResult]) -> list[Instance]:
    return [result.instance for result in results if result.instance is not None]


def deadline_of(clock: Clock, timeout: float | None) -> Callable[[], float]:
    """Return a function that returns the deadline, when it is called as the work begins."""
    seconds = math.inf if timeout is None else check_seconds("timeout", timeout)
    return lambda: clock.now() + seconds


class InstanceResults(Pool[InstanceResult, InstanceResult]):
    """Instances as they arrive: an async context manager, and inside it an async iterator.

    Leaving the context, by `break`, an error or at the end, cancels the requests in flight; nothing
    goes on afterwards. At most `concurrency` requests are in flight or have results waiting to be
    taken, the run's own among them: the first instances are fetched while the run is still
    arriving. `in_order` awaits all results that are left.
    """

    def __init__(
        self,
        plan: InstancePlan,
        fetch: Callable[[str, CallOptions], Awaitable[Instance]],
        *,
        transport: Transport,
        ends_at: Callable[[], float],
        concurrency: int,
        on_error: OnError,
    ) -> None:
        self._fetching = _Fetching(plan, fetch, transport, collect=is_collecting(on_error))
        super().__init__(self._fetching, concurrency, lookahead=_LOOKAHEAD)
        self._plan = plan
        self._ends_at = ends_at

    @property
    def run(self) -> Run:
        """The run without its specs, once the iteration has ended."""
        run = self._plan.run if self.total is not None else None
        if run is None:
            raise MisuseError("there is no run before the iteration has ended")
        return run

    async def _open(self, stack: AsyncExitStack) -> None:
        self._fetching.ends_at = self._ends_at()
        stack.enter_context(self._fetching.reading_ahead())
        await self._plan.open(stack, self._fetching.options())
        await super()._open(stack)


class _Fetching(Jobs[InstanceResult, InstanceResult]):
    """Results that still lack their instance, and how to fetch it."""

    def __init__(
        self,
        plan: InstancePlan,
        fetch: Callable[[str, CallOptions], Awaitable[Instance]],
        transport: Transport,
        *,
        collect: bool,
    ) -> None:
        self._plan = plan
        self._fetch = fetch
        self._transport = transport
        self._collect = collect
        self.ends_at: float = math.inf

    def options(self) -> CallOptions:
        """Return the options of one request: made late, as it may be queued for hours."""
        return self._transport.options(bulk=True, ends_at=self.ends_at)

    def reading_ahead(self) -> AbstractContextManager[object]:
        """Return the context in which a cache reads several instances at once."""
        return self._transport.reading_ahead()

    def prefetch(self) -> Callable[[], Awaitable[None]] | None:
        """Return what reads the run: it takes up a worker, as its request is one in flight."""
        return self._plan.prefetch()

    async def plan(self, put: Callable[[Iterable[InstanceResult]], Awaitable[None]]) -> None:
        while batch := await self._plan.batch():
            self._transport.expect(one.instance_id for one in batch if one.instance_id is not None)
            await put(batch)

    async def do(self, job: InstanceResult) -> InstanceResult:
        if job.instance_id is None:
            return job
        # As `outcome_of` does, without its frame for each request.
        try:
            instance = await self._fetch(job.instance_id, self.options())
        except CurrentsError as error:
            if not self._collect or isinstance(error, CLIENT_ERRORS):
                raise
            return msgspec.structs.replace(job, error=error)
        return msgspec.structs.replace(job, instance=instance)
