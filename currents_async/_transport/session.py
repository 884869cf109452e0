"""The aiohttp session: how ours is made, whose it is, and which loop it belongs to."""

import asyncio
import ssl as tls

import aiohttp

from currents_async._config import Limits
from currents_async._version import __version__
from currents_async.errors import ClientClosedError, WrongLoopError

USER_AGENT = f"currents-async/{__version__} aiohttp/{aiohttp.__version__}"


class Session:
    """One `ClientSession`, opened once in one event loop; an injected one is never closed."""

    def __init__(
        self,
        injected: aiohttp.ClientSession | None,
        *,
        limits: Limits,
        ssl: tls.SSLContext | None,
        trust_env: bool,
    ) -> None:
        self._injected = injected
        self._limits = limits
        self._ssl = ssl
        self._trust_env = trust_env
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def state(self) -> str:
        """`new`, `open` or `closed`."""
        if self._closed:
            return "closed"
        return "new" if self._session is None else "open"

    def open(self) -> None:
        """Bind to the running loop; raise `ClientClosedError` when opened before."""
        if self._closed:
            raise ClientClosedError("the client has been closed: create another one")
        if self._session is not None:
            raise ClientClosedError("the client is open already: enter it once")
        self._loop = asyncio.get_running_loop()
        self._session = self._injected or self._create()

    async def aclose(self) -> None:
        """Close the session if it is ours; closing again does nothing."""
        if self._closed:
            return
        if self._session is not None:
            self._check_loop()
        self._closed = True
        if self._session is not None and self._session is not self._injected:
            await self._session.close()

    def live(self) -> aiohttp.ClientSession:
        """Return the session for use in this task, or raise the reason why there is none."""
        if self._closed:
            raise ClientClosedError("the client has been closed")
        if self._session is None:
            raise ClientClosedError("the client is not open: use it inside 'async with'")
        self._check_loop()
        if self._session.closed:
            raise ClientClosedError("the session passed to the client has been closed")
        return self._session

    def _check_loop(self) -> None:
        if asyncio.get_running_loop() is not self._loop:
            raise WrongLoopError("the client was opened in another event loop")

    def _create(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._limits.concurrency, ssl=self._ssl if self._ssl is not None else True
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=self._trust_env,
        )
