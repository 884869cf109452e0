"""Kept responses for the tasks of one client: looked up and written beside the event loop."""

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from currents_async._cache.read_ahead import ReadAhead
from currents_async._cache.responses import KeptResponse, Lookup
from currents_async._cache.settings import Cache
from currents_async._tasks import wait_for_all
from currents_async._threads import in_thread

if TYPE_CHECKING:
    from currents_async._cache.store import Change, Store

Found = asyncio.Future[KeptResponse | None]

_logger = logging.getLogger("currents_async")

_PATIENCE = 10.0
"""Seconds for which calls wait for the disk."""
_MAX_WAITING = 64 * 1024 * 1024
"""Bytes that wait to be written; what comes while there are more is not kept."""


class Keeper:
    """A cache in use: a thread does at once what all tasks have asked for meanwhile.

    Raises nothing: a cache that fails is not used any more, which a warning says once.
    """

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self._store: Store | None = None
        self._is_used = True
        self._lookups: list[tuple[Lookup, Found]] = []
        self._looked_up: list[tuple[Lookup, Found]] = []
        """Those that a thread is at."""
        self.ahead: ReadAhead = ReadAhead()
        self._changes: list[Change] = []
        self._waiting_bytes = 0
        self._working: asyncio.Task[None] | None = None
        self._being_read: set[bytes] = set()
        """Runs of which it will be known soon whether they have ended."""
        self._forgotten: dict[bytes, float] = {}
        """When runs were forgotten: what was requested before is out of date."""

    async def find(self, lookup: Lookup) -> KeptResponse | None:
        """Return a response, if it is kept."""
        if not self._is_used:
            return None
        if self.ahead.has(lookup):
            return self.ahead.take(lookup)
        found: Found = asyncio.get_running_loop().create_future()
        self._lookups.append((lookup, found))
        self._work()
        return await found

    def run_begins(self, run: bytes) -> None:
        """Note that a run arrives: until `run_ends`, its instances may be those of an ended run."""
        self._being_read.add(run)

    def run_ends(self, run: bytes) -> None:
        """Note that it is known whether a run has ended, or that it will not be known."""
        self._being_read.discard(run)

    def keep_run(self, response: KeptResponse, *, renews: bool) -> None:
        """Keep a run that has ended, as `Store.keep_run` does."""
        self.run_ends(response.run)
        self.ahead.forget(response.run)
        self._keep(response, lambda store: store.keep_run(response, renews=renews))

    def keep_instance(self, response: KeptResponse) -> None:
        """Keep an instance, if its run has ended."""
        in_doubt = response.run in self._being_read
        self._keep(response, lambda store: store.keep(response, in_doubt=in_doubt))

    def forget(self, run: bytes, now: float) -> None:
        """Drop a run and its instances, also those that were requested before now and arrive."""
        self._forgotten[run] = now
        self.ahead.forget(run)
        self.run_ends(run)
        self._change(lambda store: store.forget(run))

    async def aclose(self) -> None:
        """Write what is to be written, and close the database."""
        if self._working is not None:
            await wait_for_all([self._working])
        self._is_used = False
        if self._store is not None:
            await in_thread(self._store.close)

    def _keep(self, response: KeptResponse, change: "Change") -> None:
        is_current = response.requested_at > self._forgotten.get(response.run, 0.0)
        if is_current and self._waiting_bytes < _MAX_WAITING:
            self._waiting_bytes += len(response.body)
            self._change(change)

    def _change(self, change: "Change") -> None:
        if self._is_used:
            self._changes.append(change)
            self._work()

    def _work(self) -> None:
        if self._working is None:
            self._working = asyncio.create_task(self._work_on())

    async def _work_on(self) -> None:
        try:
            while self._lookups or self._changes:
                await asyncio.sleep(0)  # others may be about to ask
                await self._work_once()
        except Exception as error:  # noqa: BLE001 - no call is to fail for its cache
            self._give_up(str(error))
        finally:
            self._working = None
            self._release()

    async def _work_once(self) -> None:
        lookups = self._looked_up = self._lookups
        asked = [lookup for lookup, _ in lookups]
        expected = self.ahead.next(asked)
        changes, self._changes, self._lookups, self._waiting_bytes = self._changes, [], [], 0
        work = partial(self._exchange, changes, [*asked, *expected])
        loop = asyncio.get_running_loop()
        timer = loop.call_later(_PATIENCE, self._give_up, f"no response within {_PATIENCE:g} s")
        try:
            results = await in_thread(work)
        finally:
            timer.cancel()
        self.ahead.put(expected, results[len(asked) :])
        _hand_out(lookups, results[: len(asked)])

    def _exchange(
        self, changes: "list[Change]", lookups: list[Lookup]
    ) -> list[KeptResponse | None]:
        """Make changes, then look up; in a thread."""
        store = self._store = self._store or self.cache.open()
        if changes:
            store.write(changes)
        return store.find(lookups)

    def _give_up(self, reason: str) -> None:
        if self._is_used:
            self._is_used = False
            _logger.warning("the cache in %s is not used any more: %s", self.cache.path, reason)
        self._release()

    def _release(self) -> None:
        """Let all that wait go on without the cache."""
        waiting = [*self._looked_up, *self._lookups]
        self._looked_up, self._lookups, self._changes = [], [], []
        _hand_out(waiting, [None] * len(waiting))


def _hand_out(lookups: list[tuple[Lookup, Found]], results: list[KeptResponse | None]) -> None:
    for (_, found), result in zip(lookups, results, strict=True):
        if not found.done():  # it may have been cancelled
            found.set_result(result)
