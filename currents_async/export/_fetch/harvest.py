"""Fetching windows by workers that share one rate limit.

A worker takes the next piece of work from the earliest window in progress: an instance, or if there
is none, a run or a page of runs. If no window has any work left, the worker begins the next one. So
windows end one after the other, and many small windows keep all workers as busy as a single large
run. There are at most as many windows in progress as workers; memory holds a page of runs of each,
the specs of a few runs, and one instance per worker.
"""

import math
from collections.abc import Collection, Iterable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Self

import msgspec

from currents_async import Currents, Retries
from currents_async._checks import check_concurrency
from currents_async._queue import Queue
from currents_async._tasks import Send, TaskOwner, Work
from currents_async.export._fetch.events import FetchEvent
from currents_async.export._fetch.failures import Failures
from currents_async.export._fetch.selection import Depth, RunFilter, Select, everything
from currents_async.export._fetch.window_fetch import FetchContext, WindowFetch
from currents_async.export._fetch.work_queue import WorkQueue
from currents_async.export._windows import Window

_MIN_ATTEMPTS = 8
"""Attempts at each request, at least, including those that are throttled."""
_MAX_SPECS_AT_ONCE = 8192
"""Specs of all runs that are being fetched, if listed; a larger run is fetched alone."""


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

    _reused = "this harvest has been used: make another one"

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
        self._windows = windows
        self._concurrency = check_concurrency("concurrency", concurrency)
        self._depth = depth or Depth()
        self._runs = runs or RunFilter()
        self._select = select
        self._failures = Failures(projects)
        self._events: Queue[FetchEvent | Exception] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FetchEvent:
        event = await self._take(self._events)
        if event is None:
            self._failures.check_at_end()
            raise StopAsyncIteration
        return event

    async def _open(self, stack: AsyncExitStack) -> None:
        # With a buffer, workers seldom have to wait for a consumer that keeps up.
        self._events = self._run_workers(stack, self._workers, buffer=self._concurrency)

    def _workers(self, send: Send[FetchEvent]) -> Iterator[Work]:
        context = FetchContext(self._currents, self._runs, self._depth, self._failures, send)
        begin_next = partial(_begin_next, context, enumerate(self._windows), self._select)
        queue = WorkQueue(refill=begin_next, max_load=_MAX_SPECS_AT_ONCE)
        for _ in range(self._concurrency):
            yield queue.run_worker


def _begin_next(
    context: FetchContext, windows: Iterator[tuple[int, Window]], select: Select, queue: WorkQueue
) -> bool:
    numbered = next(windows, None)
    if numbered is None:
        return False
    number, window = numbered
    WindowFetch(context, queue, number, window, select(window)).begin()
    return True


def _patient(currents: Currents) -> Currents:
    """Return a view without a total timeout; only a silent server is given up."""
    return currents.with_options(
        timeouts=msgspec.structs.replace(currents.timeouts, total=math.inf),
        retries=Retries(attempts=max(_MIN_ATTEMPTS, currents.retries.attempts)),
    )
