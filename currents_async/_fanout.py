"""The fan-out: many instances at once, each handed out as soon as it is there."""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from typing import Literal

import anyio
import msgspec

from currents_async._plans import InstanceResult, Plan
from currents_async._pool import Pool
from currents_async._transport import Terms
from currents_async.errors import (
    ClientClosedError,
    CurrentsError,
    InvalidArgumentError,
    WrongLoopError,
)
from currents_async.models.instances import Instance
from currents_async.models.runs import Run

OnError = Literal["raise", "collect"]

_LOOKAHEAD = 1024
"""Specs of a run that are decoded before their turn."""


async def load_backend() -> None:
    """Make anyio load what a fan-out needs: tens of milliseconds, once in a process.

    Done when a client opens, it stalls the loop before there is work rather than amid it.
    """
    send, receive = anyio.create_memory_object_stream[None](0)
    async with send, receive, anyio.create_task_group():
        pass


def instances_of(results: Iterable[InstanceResult]) -> list[Instance]:
    """Return the instances that there are."""
    return [result.instance for result in results if result.instance is not None]


class InstanceResults(Pool[InstanceResult, InstanceResult]):
    """Instances as they arrive: an async context manager, and inside it an async iterator.

    Leaving the context, by `break`, an error or at the end, cancels what is under way; nothing
    runs on. At most `concurrency` requests are in flight or have answers waiting to be taken, the
    run's own among them: the first instances are fetched while the run is still arriving.
    `in_order` awaits all that are left.
    """

    def __init__(
        self,
        plan: Plan,
        fetch: Callable[[str, Terms], Awaitable[Instance]],
        *,
        terms: Terms,
        concurrency: int,
        on_error: OnError,
    ) -> None:
        super().__init__(concurrency, lookahead=_LOOKAHEAD)
        if on_error not in {"raise", "collect"}:
            raise InvalidArgumentError(f"on_error must be 'raise' or 'collect', not {on_error!r}")
        self._plan = plan
        self._fetch = fetch
        self._terms = terms
        self._collect = on_error == "collect"

    @property
    def run(self) -> Run:
        """The run without its specs, once the iteration has ended."""
        run = self._plan.run if self.total is not None else None
        if run is None:
            raise RuntimeError("there is no run before the iteration has ended")
        return run

    async def _open(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._plan)
        await super()._open(stack)

    def _first_duty(self) -> Callable[[], Awaitable[None]]:
        # The request of the run is one of those in flight: the last worker begins after it.
        return self._plan.prefetch()

    async def _plan_jobs(self, put: Callable[[InstanceResult], Awaitable[None]]) -> None:
        while batch := await self._plan.batch():
            for pending in batch:
                await put(pending)

    async def _work_on(self, job: InstanceResult) -> InstanceResult:
        """Fetch the instance that is still missing."""
        if job.instance_id is None:
            return job
        try:
            instance = await self._fetch(job.instance_id, self._terms)
        except (ClientClosedError, WrongLoopError):
            raise  # about the client, not about this instance
        except CurrentsError as error:
            if not self._collect:
                raise
            return msgspec.structs.replace(job, error=error)
        return msgspec.structs.replace(job, instance=instance)
