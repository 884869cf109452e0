"""What all calls of a client share, whatever their options; and its views, which share less."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from copy import copy
from itertools import count
from urllib.parse import urlsplit
from weakref import WeakSet

import aiohttp
from yarl import URL

from currents_async._cache.keeper import Keeper
from currents_async._clock import Clock
from currents_async._config import Limits
from currents_async._queue import Queue
from currents_async._transport.deadlines import Deadlines
from currents_async._transport.gate import Gate
from currents_async._transport.key_source import KeySource
from currents_async._transport.memory import Memory
from currents_async._transport.pace import Pace
from currents_async._transport.proxy import RevealProxy
from currents_async._transport.retry import Quota
from currents_async._transport.session import Session, SessionState
from currents_async._transport.tracing import Tracing, Traffic
from currents_async.errors import ClientClosedError


class Channel:
    """The way to one server with one key: sessions, rate, memory and observers."""

    def __init__(
        self,
        session: Session,
        key: KeySource,
        *,
        base_url: str,
        limits: Limits,
        clock: Clock,
        tracing: Tracing,
        proxy: RevealProxy,
        keeper: Keeper | None = None,
    ) -> None:
        self.session = session
        self.base_url = base_url
        self._base = URL(base_url, encoded=True)
        self._base_path = urlsplit(base_url).path
        self.limits = limits
        self.clock = clock
        self.reveal_proxy = proxy
        self.keeper = keeper
        self.memory: Memory = Memory(limit=limits.memory, body=limits.body)
        self.room: Queue[str] = Queue(limits.concurrency)
        """Slots for the requests of all views together: the gate of each lets as many pass."""
        for _ in range(limits.concurrency):
            self.room.put_now("slot")
        self.traffic: Traffic = Traffic()
        self.numbers: Iterator[int] = count(1)
        self._keys: WeakSet[KeySource] = WeakSet()
        """Those of all views."""
        self._parent: Channel | None = None
        self._begin()
        self._use(key, tracing)

    def _begin(self) -> None:
        """Make what each view has for itself."""
        self.deadlines: Deadlines = Deadlines()
        """Of all steps that wait for the network."""
        self._views: WeakSet[Channel] = WeakSet()
        self._is_closed = False

    def _use(self, key: KeySource, tracing: Tracing) -> None:
        """Make what there is one of for each key."""
        self.key = key
        self._keys.add(key)
        self.tracing = tracing
        limits = self.limits
        pace = Pace(
            limits.rate,
            workers=limits.concurrency,
            changed=self._rate_changed,
            paused=lambda: self.tracing.paused(self.gate.rate),
        )
        self.gate: Gate = Gate(limits.concurrency, pace, self.clock)
        self.quota: Quota = Quota()
        self._owns_key = True

    def view(self, key: KeySource | None = None) -> "Channel":
        """Return a channel over the same connections; with a key of its own, at its own rate."""
        view = copy(self)
        view.branch_off(self, key)
        self._views.add(view)
        return view

    def branch_off(self, parent: "Channel", key: KeySource | None) -> None:
        """Make a copy of another channel a view of it."""
        self._begin()
        self._parent = parent
        self._is_closed = parent.is_closed
        self._owns_key = False
        if key is not None:
            self._use(key, parent.tracing.anew())

    @property
    def state(self) -> SessionState:
        """Whether it can be used: a view as long as what it is a view of."""
        return SessionState.CLOSED if self._is_closed else self.session.state

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed, itself or with what it is a view of."""
        return self._is_closed

    def open(self) -> None:
        """Open the session; a view only checks that it is open. Raises `ClientClosedError`."""
        if self._parent is None:
            self.session.open()
        else:
            self.check_open()

    def check_open(self) -> None:
        """Raise why the channel cannot be used in this task, if it cannot."""
        self.live()

    def live(self, *, fresh: bool = False) -> aiohttp.ClientSession:
        """Return the session for use in this task, or raise why it cannot be used."""
        if self._is_closed:
            raise ClientClosedError("the client has been closed")
        return self.session.live(fresh=fresh)

    def url(self, target: str) -> URL:
        """Return the URL of a target, both percent-encoded already."""
        if "?" in target:
            return URL(self.base_url + target, encoded=True)
        # yarl remembers few URLs, and to take one apart takes as much as all other headers.
        return self._base.with_path(self._base_path + target, encoded=True)

    def redact(self, text: str) -> str:
        """Return a text without the key."""
        return self.key.redact(text)

    async def aclose(self) -> None:
        """Refuse queued calls, end those in progress, and close the views and the connections.

        A view leaves the connections open.
        """
        if self._is_closed:
            return
        self.session.check_loop()
        self.shut()
        async with AsyncExitStack() as stack:
            if self._parent is None:
                if self.keeper is not None:
                    stack.push_async_callback(self.keeper.aclose)
                self.session.shut()
                stack.push_async_callback(self.session.aclose)
                for key in self._keys:
                    stack.push_async_callback(key.aclose)
            elif self._owns_key:
                await self.key.aclose()

    def shut(self) -> None:
        """Let no call begin from now on, and end all that wait."""
        self._is_closed = True
        # aiohttp may leave a reader waiting on a connection that it closes.
        self.deadlines.end_all()
        if self._owns_key:
            self.gate.close()
        for view in list(self._views):
            view.shut()

    def _rate_changed(self) -> None:
        self.tracing.rate_changed(self.gate.rate)
