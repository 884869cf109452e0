"""Everything there is to fetch for some windows, by workers that share one rate limit.

A worker takes what is next of the window that was begun first: an instance; when there is none, a
run, or a page of runs. When no window has anything left to take, it begins the next one. So windows
end one after the other, many small ones and a single large run alike keep all workers busy, and
what waits in memory is the specs of a few runs, a page of runs for each window begun, of which
there are never more than workers, and as many instances.
"""

import math
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack
from datetime import timedelta
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING, Self

import anyio
import msgspec

from currents_async import (
    ClientClosedError,
    ConnectError,
    Currents,
    CurrentsError,
    DecodeError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    Retries,
    ServerError,
    TransportError,
    UnauthorizedError,
    WrongLoopError,
)
from currents_async._config import check_concurrency
from currents_async._handover import send as hand_over
from currents_async._resources._run_operations import LIST_PROJECT_RUNS
from currents_async._tasks import TaskOwner
from currents_async.export._fetch.found import (
    Errand,
    ErrandOf,
    Found,
    InstanceFound,
    NotFetched,
    RunFound,
    RunUnchanged,
    WindowEnded,
    everything_of,
)
from currents_async.export._fetch.listed import digest_of, with_listed
from currents_async.export._fetch.refusals import Refusals
from currents_async.export._fetch.work_queue import Agenda
from currents_async.export._windows import Window
from currents_async.models import CursorPage, ListedRun, Run, RunSpec
from currents_async.models.pages import UnreadableItem

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

_FATAL = (
    ClientClosedError,
    ConnectError,
    RateLimitedError,
    UnauthorizedError,
    WrongLoopError,
)
"""About the client, its key or the network, not about what was asked for."""

_REFUSALS = (ForbiddenError, NotFoundError)
"""Of a list of runs: about its project."""

_ILLNESSES = (ServerError, TransportError)
"""Of the first list of runs: about the service."""

_ATTEMPTS = 8
"""Attempts at each request at least: throttles are among them."""

_SPECS_AT_ONCE = 8192
"""Specs of all runs that are being fetched, as far as known before; a larger run comes alone."""

_MILLISECOND = timedelta(milliseconds=1)


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """How much of each run is fetched."""

    specs: bool = True
    instances: bool = True
    """Only together with the specs."""
    only_failed: bool = False
    """Whether only instances of specs that failed are fetched."""

    def wants(self, spec: RunSpec) -> bool:
        """Say whether the instance of a spec is to be fetched."""
        return self.instances and (spec.failed or not self.only_failed)


class RunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs are fetched: arguments of `runs.list`."""

    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


Send = Callable[[Found | Exception], Awaitable[None]]


class _Urgency(IntEnum):
    """What is done first of a window: what leads to nothing more."""

    INSTANCE = 0
    RUN = 1


class _Visit:
    """A window that has been begun."""

    def __init__(
        self,
        number: int,
        window: Window,
        errand: Errand,
        pages: AsyncIterator[CursorPage[ListedRun]],
    ) -> None:
        self.number = number
        self.window = window
        self.errand = errand
        self.pages = pages
        self.run_ids: set[str] = set()
        """Of all runs so far: one that moves to another page while they are turned comes once."""
        self.unreadable: list[UnreadableItem] = []
        self.is_listed = False
        self.jobs_left = 0


class Harvest(TaskOwner):
    """What there is in some windows, as it comes: an async context manager, inside it an iterator.

    A window ends with a `WindowEnded`, behind everything else of it; later ones have begun by then.
    Each run and each of its instances comes once. Nothing is handed out of a run before all of it
    has arrived. What cannot be fetched is a `NotFetched`, and its run comes as the list has it.
    What is wrong with the client, its key or the network, or with a list of runs, is raised: then
    windows that have not ended never will. Leaving the context cancels the workers.

    A run or an instance that is forbidden is a `NotFetched`, too. When all runs, or all instances,
    are, that is raised: after many of them, or at the end.

    Who names all `projects` has lists that fail reported as `NotFetched`, too: only when all of the
    projects are refused, or the service is ill from the first list on, that is raised.

    A consumer that is slow holds the workers back. There are at least 8 attempts at each
    request, and `Timeouts.total` does not count.
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
        errand_of: ErrandOf = everything_of,
    ) -> None:
        """Harvest windows by so many workers, beginning with the first."""
        super().__init__()
        self._currents = _patient(currents)
        self._windows = enumerate(windows)
        self._concurrency = check_concurrency("concurrency", concurrency)
        self._depth = depth or Depth()
        self._filter = runs or RunFilter()
        self._projects = frozenset(projects)
        self._errand_of = errand_of
        self._refused: dict[str, CurrentsError] = {}
        """What lists of projects were refused with: they are not asked for once more."""
        self._listed: set[str] = set()
        """Projects that a page of runs has come of."""
        self._refusals = Refusals()
        self._agenda: Agenda[Send] = Agenda(begin=self._begin_window, most=_SPECS_AT_ONCE)
        self._found: MemoryObjectReceiveStream[Found | Exception] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Found:
        found = await self._take(self._found)
        if found is None:
            self._refusals.check()
            raise StopAsyncIteration
        return found

    async def _open(self, stack: AsyncExitStack) -> None:
        # A slow consumer holds the workers back. One that keeps up seldom has to be waited for.
        send, found = anyio.create_memory_object_stream[Found | Exception](self._concurrency)
        stack.enter_context(send)
        stack.enter_context(found)
        tasks = self._own_tasks(stack, on_end=send.close)
        for _ in range(self._concurrency):
            tasks.start(self._work(send))
        self._found = found

    async def _work(self, send: "MemoryObjectSendStream[Found | Exception]") -> None:
        try:
            await self._agenda.work(partial(hand_over, send))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the consumer's to see
            await send.send(error)

    def _begin_window(self) -> bool:
        """Begin the next window, if there is one."""
        begun = next(self._windows, None)
        if begun is None:
            return False
        number, window = begun
        # A little more than the window, whatever the server takes for the borders of a span.
        pager = self._currents.runs.list(
            window.project_id,
            branches=self._filter.branches,
            tags=self._filter.tags,
            authors=self._filter.authors,
            date_start=window.start - _MILLISECOND,
            date_end=window.end,
        )
        visit = _Visit(number, window, self._errand_of(window), pager.pages())
        if visit.errand.lists:
            self._plan(visit, _Urgency.RUN, partial(self._list_runs, visit))
        else:
            for run_id in visit.errand.instances:
                self._plan_instances(visit, run_id, visit.errand.instances[run_id])
        return True

    def _plan(
        self,
        visit: _Visit,
        urgency: _Urgency,
        work: Callable[[Send], Awaitable[None]],
        *,
        load: int = 0,
    ) -> None:
        visit.jobs_left += 1
        self._agenda.add((visit.number, urgency), partial(self._do, visit, work), load=load)

    async def _do(self, visit: _Visit, work: Callable[[Send], Awaitable[None]], send: Send) -> None:
        """Do something for a window; whoever does the last of it says that it has ended."""
        await work(send)
        visit.jobs_left -= 1
        if not visit.jobs_left:
            await send(WindowEnded(window=visit.window, is_listed=visit.is_listed))

    async def _list_runs(self, visit: _Visit, send: Send) -> None:
        error = self._refused.get(visit.window.project_id)
        page = None
        if error is None:
            try:
                page = await anext(visit.pages, None)
            except CurrentsError as caught:
                self._raise_unless_about_list(visit.window, caught)
                error = caught
        if error is not None:
            await send(NotFetched(window=visit.window, error=error))
            return
        self._listed.add(visit.window.project_id)
        if page is None:
            visit.is_listed = not visit.unreadable
            if visit.unreadable:
                await send(NotFetched(window=visit.window, error=_unread(visit.unreadable)))
            return
        visit.unreadable += page.unreadable
        await self._take_page(visit, page, send)

    def _raise_unless_about_list(self, window: Window, error: CurrentsError) -> None:
        """Raise an error again that is about more than one list, or one project."""
        if not self._projects:
            raise error
        if isinstance(error, _REFUSALS):
            if window.project_id in self._listed:
                return
            self._refused[window.project_id] = error
            if self._projects <= self._refused.keys():
                raise error
        elif isinstance(error, _FATAL) or (isinstance(error, _ILLNESSES) and not self._listed):
            raise error

    async def _take_page(self, visit: _Visit, page: CursorPage[ListedRun], send: Send) -> None:
        fresh = [run for run in page.items if self._is_new(visit, run)]
        # The next page is asked for while there still are runs of this one to be fetched.
        changed = [run for run in fresh if not await self._is_passed_over(visit, run, send)]
        half = len(changed) // 2
        self._plan_runs(visit, changed[:half])
        self._plan(visit, _Urgency.RUN, partial(self._list_runs, visit))
        self._plan_runs(visit, changed[half:])

    async def _is_passed_over(self, visit: _Visit, run: ListedRun, send: Send) -> bool:
        """Return whether a run is not to be fetched; send what there is of it in its place."""
        errand, run_id = visit.errand, run.run_id
        if run_id in errand.waiting:
            digest = digest_of(run)
            await send(RunFound(window=visit.window, run=run, digest=digest, is_whole=False))
            return True
        if run_id not in errand.done or errand.done[run_id] != digest_of(run):
            return False
        await send(RunUnchanged(window=visit.window, run_id=run_id))
        self._plan_instances(visit, run_id, errand.instances.get(run_id, {}))
        return True

    @staticmethod
    def _is_new(visit: _Visit, run: ListedRun) -> bool:
        if run.run_id in visit.run_ids or not visit.window.has(run.created_at):
            return False
        visit.run_ids.add(run.run_id)
        return True

    def _plan_runs(self, visit: _Visit, runs: Iterable[ListedRun]) -> None:
        for run in runs:
            load = _specs_of(run) if self._depth.specs else 0
            self._plan(visit, _Urgency.RUN, partial(self._fetch_run, visit, run), load=load)

    async def _fetch_run(self, visit: _Visit, listed: ListedRun, send: Send) -> None:
        window, digest = visit.window, digest_of(listed)
        if not self._depth.specs:
            await send(RunFound(window=window, run=listed, digest=digest))
            return
        try:
            run = await self._currents.runs.get(listed.run_id)
        except CurrentsError as error:
            self._raise_unless_about_one(visit, "run", error)
            await send(NotFetched(window=window, run_id=listed.run_id, error=error))
            await send(RunFound(window=window, run=listed, digest=digest, is_whole=False))
        else:
            self._refusals.grant("run")
            run = with_listed(run, listed)
            await send(RunFound(window=window, run=run, digest=digest))
            self._plan_instances(visit, run.run_id, self._wanted_of(run))

    def _wanted_of(self, run: Run) -> dict[str, str]:
        """Find the instances of a run that are to be fetched, and their specs."""
        wanted: dict[str, str] = {}
        for spec in run.specs:
            if spec.instance_id is not None and self._depth.wants(spec):
                wanted.setdefault(spec.instance_id, spec.spec)  # specs may share one
        return wanted

    def _plan_instances(self, visit: _Visit, run_id: str, wanted: Mapping[str, str]) -> None:
        for instance_id, spec in wanted.items():
            fetch = partial(self._fetch_instance, visit, run_id, instance_id, spec)
            self._plan(visit, _Urgency.INSTANCE, fetch)

    async def _fetch_instance(
        self, visit: _Visit, run_id: str, instance_id: str, spec: str, send: Send
    ) -> None:
        try:
            instance = await self._currents.instances.get(instance_id)
        except CurrentsError as error:
            self._raise_unless_about_one(visit, "instance", error)
            await send(
                NotFetched(
                    window=visit.window,
                    run_id=run_id,
                    instance_id=instance_id,
                    spec=spec,
                    error=error,
                )
            )
        else:
            self._refusals.grant("instance")
            await send(InstanceFound(window=visit.window, run_id=run_id, instance=instance))

    def _raise_unless_about_one(self, visit: _Visit, kind: str, error: CurrentsError) -> None:
        """Raise an error again that is about more than one run, or one instance."""
        if isinstance(error, _FATAL):
            raise error
        # Of a window that is known, others were granted before.
        is_known = visit.errand.done or not visit.errand.lists
        if isinstance(error, ForbiddenError) and not is_known:
            self._refusals.refuse(kind, error)


def _unread(items: Sequence[UnreadableItem]) -> DecodeError:
    return DecodeError(
        f"{len(items)} of the runs in the list cannot be read: {items[0].reason}",
        operation=LIST_PROJECT_RUNS.operation,
        method=LIST_PROJECT_RUNS.method,
        url=LIST_PROJECT_RUNS.path,
    )


def _patient(currents: Currents) -> Currents:
    """Return a view that waits its turn for as long as it takes: a silent server is given up."""
    return currents.with_options(
        timeouts=msgspec.structs.replace(currents.timeouts, total=math.inf),
        retries=Retries(attempts=max(_ATTEMPTS, currents.retries.attempts)),
    )


def _specs_of(run: ListedRun) -> int:
    """Return how many specs a run says it has, without having them."""
    return sum(group.instances.overall for group in run.groups if group.instances)
