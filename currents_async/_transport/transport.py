"""A request to its answer, over aiohttp: send, inflate, decode, or say what went wrong."""

import asyncio
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from http import HTTPStatus
from typing import TypeVar

import aiohttp
from yarl import URL

from currents_async._config import Limits, Timeouts
from currents_async._transport.credential import Credential
from currents_async._transport.faults import FOREIGN, transport_error
from currents_async._transport.session import USER_AGENT, Session
from currents_async._transport.traffic import Traffic
from currents_async._wire.decode import EnvelopeDecoder
from currents_async._wire.endpoint import Request
from currents_async._wire.failure import Sent, body_error, status_error
from currents_async._wire.faults import BodyFault
from currents_async._wire.inflate import SLICE, inflater_for
from currents_async.errors import CurrentsError

T = TypeVar("T")

_ERROR_BODY_LIMIT = 64 * 1024


class Transport:
    """Carries requests to one base URL with one key over one session."""

    def __init__(
        self,
        session: Session,
        *,
        base_url: str,
        credential: Credential,
        timeouts: Timeouts,
        limits: Limits,
        proxy: str | None,
    ) -> None:
        self.session = session
        self.base_url = base_url
        self.limits = limits
        self.traffic: Traffic = Traffic()
        self._credential = credential
        self._timeout = _client_timeout(timeouts)
        self._proxy = proxy

    async def call(self, request: Request[T]) -> T:
        """Send a request and decode its answer.

        Raises a `CurrentsError`, and nothing else, when there is no answer to return.
        """
        outcome = await self._attempt(request)
        if isinstance(outcome, CurrentsError):
            # Raised here, it drags along no frame and no exception of aiohttp's: those hold the
            # headers of the request and of the answer.
            raise self._redacted(outcome).with_traceback(None)
        return outcome

    async def _attempt(self, request: Request[T]) -> T | CurrentsError:
        """Send a request once; return what comes of it."""
        session = self.session.live()
        sent = Sent(
            operation=request.endpoint.operation,
            method=request.endpoint.method,
            url=self.base_url + request.target,
        )
        try:
            async with self._send(session, request) as response:
                return await self._read(request, response, sent)
        except FOREIGN as exception:
            return transport_error(sent, exception)
        except CurrentsError as exception:
            return exception

    def _send(
        self, session: aiohttp.ClientSession, request: Request[T]
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        self.traffic.requests += 1
        return session.request(
            request.endpoint.method,
            URL(self.base_url + request.target, encoded=True),
            data=request.body,
            headers=self._headers(request),
            allow_redirects=False,
            # An injected session may have been made with other defaults.
            auto_decompress=False,
            raise_for_status=False,
            timeout=self._timeout,
            proxy=self._proxy,
        )

    def _headers(self, request: Request[T]) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Authorization": self._credential.authorization(),
            "User-Agent": USER_AGENT,
        }
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    async def _read(self, request: Request[T], response: aiohttp.ClientResponse, sent: Sent) -> T:
        if not response.ok or response.status >= HTTPStatus.MULTIPLE_CHOICES:
            body = await self._read_error(response)
            raise status_error(sent, response.status, response.headers, body)
        decoder = EnvelopeDecoder(request.endpoint.returns)
        try:
            await self._inflate(response, self.limits.body, decoder.feed)
            return decoder.flush()
        except BodyFault as exception:
            fault = exception
        raise body_error(sent, response.status, response.headers, fault)

    async def _read_error(self, response: aiohttp.ClientResponse) -> bytes:
        """Read what can be read of an error's body: the status is known, and worth more."""
        body = bytearray()
        with suppress(BodyFault, *FOREIGN):
            await self._inflate(response, _ERROR_BODY_LIMIT, body.extend)
        return bytes(body)

    async def _inflate(
        self, response: aiohttp.ClientResponse, limit: int, feed: Callable[[bytes], None]
    ) -> None:
        """Feed the inflated body to `feed` as it arrives, a slice in a turn of the loop."""
        inflater = inflater_for(response.headers.get("Content-Encoding", ""), limit)
        since_turn = 0
        async for chunk in response.content.iter_any():
            self.traffic.wire_bytes += len(chunk)
            for piece in inflater.feed(chunk):
                if since_turn + len(piece) > SLICE:
                    await asyncio.sleep(0)
                    since_turn = 0
                feed(piece)
                since_turn += len(piece)
                self.traffic.inflated_bytes += len(piece)
        inflater.flush()

    def _redacted(self, error: CurrentsError) -> CurrentsError:
        """Take the key out of everything the error says, should someone have quoted it."""
        redact = self._credential.redact
        error.args = tuple(
            redact(value) if isinstance(value, str) else value for value in error.args
        )
        for name, value in vars(error).items():
            if isinstance(value, str):
                setattr(error, name, redact(value))
        return error


def _client_timeout(timeouts: Timeouts) -> aiohttp.ClientTimeout:
    def bound(seconds: float) -> float | None:
        return None if math.isinf(seconds) else seconds

    return aiohttp.ClientTimeout(
        # `connect` would count the wait for a free connection of the pool, which is our own doing.
        sock_connect=bound(timeouts.connect),
        sock_read=bound(timeouts.read),
        total=bound(timeouts.total),
        # aiohttp rounds timeouts over this many seconds up to whole ones.
        ceil_threshold=math.inf,
    )
