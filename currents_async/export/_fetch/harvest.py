"""Everything there is to fetch of some windows, by workers that share one rate limit.

A worker takes what is next of the earliest window under way: an instance; when there is none, a
run, or a page of runs. When no window has anything left to take, it begins the next one. So windows
end one after the other, many small ones and a single large run alike keep all workers busy, and
memory holds no more than the specs of a few runs, a page of runs for each window under way, of
which there are never more than workers, and as many instances.
"""

import math
from collections.abc import Collection, Iterable
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Self

import anyio
import msgspec

from currents_async import Currents, Retries
from currents_async._config import check_concurrency
from currents_async._handover import send as hand_over
from currents_async._tasks import TaskOwner
from currents_async.export._fetch.events import FetchEvent
from currents_async.export._fetch.failures import Failures
from currents_async.export._fetch.selection import Depth, RunFilter, Select, everything
from currents_async.export._fetch.window_fetch import FetchContext, WindowFetch
from currents_async.export._fetch.work_queue import WorkQueue
from currents_async.export._windows import Window

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

_MIN_ATTEMPTS = 8
"""Attempts at each request at least: throttles are among them."""
_MAX_SPECS_AT_ONCE = 8192
"""Specs of all runs that are being fetched, as far as known before; a larger run comes alone."""


class Harvest(TaskOwner):
    """Fetches windows: an async context manager, and inside it an async iterator over events.

    Each run and each of its instances is handed out once, and nothing of a run before all of it has
    been received. After everything else of a window comes its `WindowEnded`; by then, later windows
    have begun. What cannot be fetched is a `FetchFailed`, and its run comes as the list has it.
    Leaving the context cancels the workers.

    Errors that are about the client, its key or the network are raised, as are those of a list of
    runs; no `WindowEnded` follows. With all `projects` named, a list that fails is a `FetchFailed`,
    too, unless all of the projects are refused, or the service is down from the first list on.

    A run or an instance that is forbidden is a `FetchFailed`. When all runs or all instances are
    forbidden, that error is raised: after many of them, or at the end.

    A slow consumer holds the workers back. There are at least 8 attempts at each request, and
    `Timeouts.total` does not apply.
    """

    _reused = "this harvest has been used: ask for another one"

    def __init__(
        self,
        currents: Currents,
        windows: Iterable[Window],
        *,
        concurrency: int,
        depth: Depth | None = None,
        runs: RunFilter | None = None,
        projects: Collection[str] = (),
        select: Select = everything,
    ) -> None:
        """Harvest windows by `concurrency` workers, beginning with the first window."""
        super().__init__()
        self._currents = _patient(currents)
        self._windows = enumerate(windows)
        self._concurrency = check_concurrency("concurrency", concurrency)
        self._depth = depth or Depth()
        self._filter = runs or RunFilter()
        self._select = select
        self._failures = Failures(projects)
        self._queue = WorkQueue(refill=self._begin_window, max_load=_MAX_SPECS_AT_ONCE)
        self._events: MemoryObjectReceiveStream[FetchEvent | Exception] | None = None
        self._context: FetchContext

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FetchEvent:
        event = await self._take(self._events)
        if event is None:
            self._failures.check_at_end()
            raise StopAsyncIteration
        return event

    async def _open(self, stack: AsyncExitStack) -> None:
        # A slow consumer holds the workers back. One that keeps up seldom has to be waited for.
        send, self._events = anyio.create_memory_object_stream[FetchEvent | Exception](
            self._concurrency
        )
        stack.enter_context(send)
        stack.enter_context(self._events)
        self._context = FetchContext(
            self._currents,
            self._filter,
            self._depth,
            self._queue,
            self._failures,
            partial(hand_over, send),
        )
        tasks = self._own_tasks(stack, on_end=send.close)
        for _ in range(self._concurrency):
            tasks.start(self._work(send))

    async def _work(self, send: "MemoryObjectSendStream[FetchEvent | Exception]") -> None:
        try:
            await self._queue.run_worker()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the consumer's to see
            await send.send(error)

    def _begin_window(self) -> bool:
        """Begin the next window, if there is one."""
        numbered = next(self._windows, None)
        if numbered is None:
            return False
        number, window = numbered
        WindowFetch(self._context, number, window, self._select(window)).begin()
        return True


def _patient(currents: Currents) -> Currents:
    """Return a view that waits its turn for as long as it takes: a silent server is given up."""
    return currents.with_options(
        timeouts=msgspec.structs.replace(currents.timeouts, total=math.inf),
        retries=Retries(attempts=max(_MIN_ATTEMPTS, currents.retries.attempts)),
    )
