"""Fetching one window: its list of runs page by page, each run, and the instances of each."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import timedelta
from enum import IntEnum
from functools import partial
from hashlib import sha256
from typing import NamedTuple, TypeVar

import msgspec

from currents_async import Currents, CurrentsError, DecodeError
from currents_async._resources._run_requests import LIST_PROJECT_RUNS
from currents_async._tasks import Send, Work
from currents_async.export._fetch.events import (
    FetchEvent,
    FetchFailed,
    InstanceFetched,
    RunFetched,
    RunUnchanged,
    WindowEnded,
)
from currents_async.export._fetch.failures import Failures
from currents_async.export._fetch.selection import Depth, RunFilter, Selection
from currents_async.export._fetch.work_queue import WorkQueue
from currents_async.export._windows import Window
from currents_async.models import CursorPage, ListedRun, Run
from currents_async.models.pages import UnreadableItem

T = TypeVar("T", bound=msgspec.Struct)

_MILLISECOND = timedelta(milliseconds=1)


class _Priority(IntEnum):
    """What is done first of a window: work that adds no more work."""

    INSTANCE = 0
    RUN = 1


class FetchContext(NamedTuple):
    """What the windows of a harvest share."""

    currents: Currents
    runs: RunFilter
    depth: Depth
    failures: Failures
    send: Send[FetchEvent]


class WindowFetch:
    """Queues the requests of one window, and sends what they return."""

    def __init__(
        self,
        context: FetchContext,
        queue: WorkQueue,
        number: int,
        window: Window,
        selection: Selection,
    ) -> None:
        """Fetch a selection of a window; lower numbers are fetched first."""
        self._queue = queue
        self._context = context
        self._send = context.send
        self._number = number
        self._window = window
        self._selection = selection
        self._pages = _pages_of(context, window)
        self._run_ids: set[str] = set()
        """All runs so far, so that one that moves to another page is taken once."""
        self._unreadable: list[UnreadableItem] = []
        self._is_listed = False
        self._work_left = 0

    def begin(self) -> None:
        """Queue the first requests."""
        if self._selection.lists:
            self._enqueue(_Priority.RUN, self._list_runs)
        else:
            for run_id, wanted in self._selection.instances.items():
                self._enqueue_instances(run_id, wanted)

    def _enqueue(self, priority: _Priority, work: Work, *, load: int = 0) -> None:
        self._work_left += 1
        self._queue.add((self._number, priority), partial(self._do, work), load=load)

    async def _do(self, work: Work) -> None:
        """Do some of the work; after the last of it, send the end of the window."""
        await work()
        self._work_left -= 1
        if not self._work_left:
            await self._send(
                WindowEnded(window=self._window, is_listed=self._is_listed, run_ids=self._run_ids)
            )

    async def _list_runs(self) -> None:
        failures, project_id = self._context.failures, self._window.project_id
        error = failures.refused_projects.get(project_id)
        page = None
        if error is None:
            try:
                page = await anext(self._pages, None)
            except CurrentsError as caught:
                failures.list_failed(project_id, caught)
                error = caught
        if error is not None:
            await self._send(FetchFailed(window=self._window, error=error))
            return
        failures.list_succeeded(project_id)
        if page is None:
            await self._end_list()
        else:
            self._unreadable += page.unreadable
            await self._take_page(page)

    async def _end_list(self) -> None:
        self._is_listed = not self._unreadable
        if self._unreadable:
            await self._send(FetchFailed(window=self._window, error=_unread(self._unreadable)))

    async def _take_page(self, page: CursorPage[ListedRun]) -> None:
        fresh = [run for run in page.items if self._is_new(run)]
        changed = [run for run in fresh if not await self._skips(run)]
        # The next page is requested while there are still runs of this one to be fetched.
        half = len(changed) // 2
        self._enqueue_runs(changed[:half])
        self._enqueue(_Priority.RUN, self._list_runs)
        self._enqueue_runs(changed[half:])

    def _is_new(self, run: ListedRun) -> bool:
        if run.run_id in self._run_ids or not self._window.has(run.created_at):
            return False
        self._run_ids.add(run.run_id)
        return True

    async def _skips(self, run: ListedRun) -> bool:
        """Return whether a run is not to be fetched, and send what is known of it instead."""
        selection, run_id = self._selection, run.run_id
        if run_id in selection.waiting:
            await self._send_as_listed(run)
            return True
        if run_id not in selection.done or selection.done[run_id] != _digest_of(run):
            return False
        await self._send(RunUnchanged(window=self._window, run_id=run_id))
        self._enqueue_instances(run_id, selection.instances.get(run_id, {}))
        return True

    async def _send_as_listed(self, run: ListedRun, *, is_whole: bool = False) -> None:
        digest = _digest_of(run)
        await self._send(RunFetched(window=self._window, run=run, digest=digest, is_whole=is_whole))

    def _enqueue_runs(self, runs: Iterable[ListedRun]) -> None:
        for run in runs:
            load = run.unlisted_specs() if self._context.depth.specs else 0
            self._enqueue(_Priority.RUN, partial(self._fetch_run, run), load=load)

    async def _fetch_run(self, listed: ListedRun) -> None:
        if not self._context.depth.specs:
            await self._send_as_listed(listed, is_whole=True)
            return
        try:
            run = await self._get_run(listed)
        except CurrentsError as error:
            self._item_failed("run", error)
            await self._send(FetchFailed(window=self._window, run_id=listed.run_id, error=error))
            await self._send_as_listed(listed)
            return
        self._context.failures.item_succeeded("run")
        run = _filled(run, listed)
        await self._send(RunFetched(window=self._window, run=run, digest=_digest_of(listed)))
        self._enqueue_instances(run.run_id, self._wanted_instances(run))

    async def _get_run(self, listed: ListedRun) -> Run:
        """Fetch a run; what the client has in its cache only if the list says nothing else."""
        currents, run_id = self._context.currents, listed.run_id
        is_changed = run_id in self._selection.done
        run = await currents.runs.get(run_id, fresh=is_changed)
        if currents.cache is None or is_changed or not _is_outdated(run, listed):
            return run
        return await currents.runs.get(run_id, fresh=True)

    def _wanted_instances(self, run: Run) -> dict[str, str]:
        """Find the instances of a run that are to be fetched, and their specs."""
        wanted: dict[str, str] = {}
        for spec in run.specs:
            if spec.instance_id is not None and self._context.depth.wants(spec):
                wanted.setdefault(spec.instance_id, spec.spec)  # specs may share one
        return wanted

    def _enqueue_instances(self, run_id: str, wanted: Mapping[str, str]) -> None:
        for instance_id, spec in wanted.items():
            fetch = partial(self._fetch_instance, run_id, instance_id, spec)
            self._enqueue(_Priority.INSTANCE, fetch)

    async def _fetch_instance(self, run_id: str, instance_id: str, spec: str) -> None:
        window = self._window
        try:
            instance = await self._context.currents.instances.get(instance_id)
        except CurrentsError as error:
            self._item_failed("instance", error)
            ids = {"run_id": run_id, "instance_id": instance_id, "spec": spec}
            await self._send(FetchFailed(window=window, error=error, **ids))
            return
        self._context.failures.item_succeeded("instance")
        await self._send(InstanceFetched(window=window, run_id=run_id, instance=instance))

    def _item_failed(self, kind: str, error: CurrentsError) -> None:
        # Of a window that was fetched before, other runs and instances have been granted.
        was_fetched = bool(self._selection.done) or not self._selection.lists
        self._context.failures.item_failed(kind, error, was_granted_before=was_fetched)


def _pages_of(context: FetchContext, window: Window) -> AsyncIterator[CursorPage[ListedRun]]:
    return context.currents.runs.list(
        window.project_id,
        branches=context.runs.branches,
        tags=context.runs.tags,
        authors=context.runs.authors,
        # Slightly more than the window, however the server treats the ends of a span.
        date_start=window.start - _MILLISECOND,
        date_end=window.end,
    ).pages()


def _unread(items: Sequence[UnreadableItem]) -> DecodeError:
    return DecodeError(
        f"{len(items)} of the runs in the list cannot be read: {items[0].reason}",
        operation=LIST_PROJECT_RUNS.operation,
        method=LIST_PROJECT_RUNS.method,
        url=LIST_PROJECT_RUNS.path,
    )


def _digest_of(run: ListedRun) -> str:
    """Return a digest that changes when a list says something new about a run."""
    known = msgspec.json.encode(msgspec.structs.replace(run, cursor=None))
    return sha256(known).hexdigest()[:16]


def _is_outdated(run: Run, listed: ListedRun) -> bool:
    """Return whether a run that had ended has gone on since, as after a reset."""
    now, then = ((one.completion_state, one.duration_ms) for one in (listed, run))
    return run.has_ended and now != then


def _filled(one: T, other: msgspec.Struct) -> T:
    """Replace None in a run, and in what it consists of, by what only the list has."""
    changes: dict[str, object] = {}
    for name in one.__struct_fields__:
        value, spare = getattr(one, name), getattr(other, name)
        if value is None and spare is not None:
            changes[name] = spare
        elif isinstance(value, msgspec.Struct) and isinstance(spare, msgspec.Struct):
            filled = _filled(value, spare)
            if filled is not value:
                changes[name] = filled
    return msgspec.structs.replace(one, **changes) if changes else one
