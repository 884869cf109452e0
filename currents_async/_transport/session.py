"""The aiohttp sessions: how ours are made, and which event loop they belong to."""

import asyncio
import logging
import os
import ssl as tls
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from enum import Enum
from typing import Any

import aiohttp
from aiohttp.typedefs import StrOrURL
from yarl import URL

from currents_async._config import Limits
from currents_async._transport.connection import CheckedRequest, SendOnce
from currents_async._transport.reach import Guard, GuardedRequest, GuardedResolver, Reach
from currents_async._version import __version__
from currents_async.errors import ClientClosedError, WrongLoopError

MAX_HEADER = 64 * 1024
"""Bytes of one header of a response: load balancers and policies add long ones."""
_logger = logging.getLogger("currents_async")
USER_AGENT = f"currents-async/{__version__} aiohttp/{aiohttp.__version__}"
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": USER_AGENT}
"""Of nearly all requests to the API."""
_OPTIONS: Mapping[str, Any] = {
    "auto_decompress": False,
    "raise_for_status": False,
    "max_line_size": MAX_HEADER,
    "max_field_size": MAX_HEADER,
}


def running_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop of this task; raise `WrongLoopError` unless it is asyncio's."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    if task is None:
        raise WrongLoopError(
            "this library needs asyncio: run it with asyncio.run, or with anyio and its asyncio "
            "backend; trio is not supported"
        )
    return task.get_loop()


class SessionState(Enum):
    """The life of a session."""

    NEW = "new"
    OPEN = "open"
    CLOSED = "closed"


class Session:
    """Our two `ClientSession`s, opened once in one event loop; an injected one is never closed.

    The second one opens a connection for each request: a write that must not be repeated must not
    use one that the server is about to close. For hosts that are not the API's there is a third
    one, made when it is first used, which has neither the key nor anything of an injected one but
    its connector.
    """

    def __init__(
        self,
        injected: aiohttp.ClientSession | None,
        *,
        limits: Limits,
        ssl: tls.SSLContext | None,
        trust_env: bool,
        reach: Reach,
    ) -> None:
        self._injected = injected
        self._limits = limits
        self._ssl = ssl
        self._trust_env = trust_env
        self.reach = reach
        """Where assets may come from."""
        self._pooled: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None
        self._elsewhere: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0
        self._closed = False
        self._theirs: Sequence[aiohttp.ClientMiddlewareType] = ()
        self.headers: Mapping[str, str] = {} if injected is None else _HEADERS
        """Those that each request to the API must be given; our own sessions add them."""
        self.request_options: Mapping[str, Any] = {} if injected is None else _OPTIONS
        """The same of other options: an injected session may have been made with other ones."""

    def __del__(self) -> None:
        # What aiohttp says of its sessions names neither the client nor the way out.
        if self.state is SessionState.OPEN and not sys.is_finalizing():
            _logger.warning(
                "a client was dropped while it was open: use 'async with', or await aclose()"
            )

    @property
    def state(self) -> SessionState:
        """Whether it has been opened, and closed."""
        if self._closed:
            return SessionState.CLOSED
        return SessionState.NEW if self._pooled is None else SessionState.OPEN

    def open(self) -> None:
        """Bind to the running loop; raise `ClientClosedError` when opened before."""
        if self._closed:
            raise ClientClosedError("the client has been closed: create another one")
        if self._pooled is not None:
            raise ClientClosedError("the client is already open: enter it once")
        self._loop = running_loop()
        self._process = os.getpid()
        if self._injected is None:
            self._pooled = self._create(reuse=True)
            self._fresh = self._create(reuse=False)
        else:
            self._pooled = self._fresh = self._injected
            self._theirs = getattr(self._injected, "_middlewares", ())

    @property
    def is_ours(self) -> bool:
        """Whether requests are `CheckedRequest`s."""
        return self._injected is None

    def middlewares_with(self, sender: SendOnce) -> Sequence[aiohttp.ClientMiddlewareType]:
        """Return the middlewares of a request, the last of which adds the key."""
        # Those passed with a request replace those of its session. Ours is the innermost, so that
        # the others see neither the key nor a request that is sent twice.
        return (*self._theirs, sender)

    def check_loop(self) -> None:
        """Raise `WrongLoopError` in another event loop than the one it was opened in, if it was."""
        if self._pooled is not None:
            self._check_loop()

    def shut(self) -> None:
        """Let no call begin from now on."""
        self._closed = True

    async def aclose(self) -> None:
        """Close the sessions that are ours: all of them, even if cancelled meanwhile."""
        async with AsyncExitStack() as stack:
            if self._elsewhere is not None:
                stack.push_async_callback(self._elsewhere.close)
            if self._injected is None and self._pooled is not None and self._fresh is not None:
                stack.push_async_callback(self._pooled.close)
                stack.push_async_callback(self._fresh.close)

    def live(self, *, fresh: bool = False) -> aiohttp.ClientSession:
        """Return the session for use in this task, or raise why it cannot be used.

        With `fresh` its connections have not been used before, unless it was injected.
        """
        if self._closed:
            raise ClientClosedError("the client has been closed")
        session = self._fresh if fresh else self._pooled
        if session is None:
            raise ClientClosedError(
                "the client is not open: use it inside 'async with', or await open() first"
            )
        self._check_loop()
        if session.closed:
            raise ClientClosedError("the session passed to the client has been closed")
        return session

    def elsewhere(self) -> aiohttp.ClientSession:
        """Return the session for hosts that are not the API's, or raise as `live` does."""
        self.live()
        if self._elsewhere is None:
            self._elsewhere = self._create_keyless()
        return self._elsewhere

    def _check_loop(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        if loop is not self._loop:
            raise WrongLoopError("the client was opened in another event loop")
        if os.getpid() != self._process:
            raise WrongLoopError("the client was opened in another process, before a fork")

    def _create(self, *, reuse: bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=self._connector(reuse=reuse),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            trust_env=self._trust_env,
            **_OPTIONS,
            request_class=CheckedRequest,
        )

    def _create_keyless(self) -> aiohttp.ClientSession:
        # Not the injected session itself: its headers, cookies and middlewares may hold secrets
        # that are meant for the API. But its proxy may be the only way out.
        theirs = self._injected
        # A connector of its own: large files must not take all connections of the API's.
        ours = self._connector(reuse=True, resolver=GuardedResolver()) if theirs is None else None
        connector = ours if theirs is None else theirs.connector
        guard = Guard(self.reach, connections=type(connector) is aiohttp.TCPConnector)
        return aiohttp.ClientSession(
            connector=connector,
            connector_owner=theirs is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=self._trust_env if theirs is None else theirs.trust_env,
            proxy=_proxy_of(theirs),
            request_class=GuardedRequest,
            middlewares=(SendOnce(None), guard),
        )

    def _connector(
        self, *, reuse: bool, resolver: GuardedResolver | None = None
    ) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(
            limit=self._limits.concurrency,
            ssl=self._ssl if self._ssl is not None else True,
            force_close=not reuse,
            resolver=resolver,
        )


def _proxy_of(session: aiohttp.ClientSession | None) -> StrOrURL | None:
    """Return the proxy of an injected session, with its credentials in the URL."""
    proxy: StrOrURL | None = getattr(session, "_default_proxy", None)
    auth: tuple[str, str, str] | None = getattr(session, "_default_proxy_auth", None)
    if proxy is not None and auth is not None:
        user, password, _ = auth
        with suppress(ValueError):  # not a URL: aiohttp will say so
            return URL(proxy).with_user(user).with_password(password)
    return proxy
