"""A request to its answer, over aiohttp."""

import math
from collections.abc import Awaitable
from functools import partial
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from currents_async._config import Limits, Timeouts
from currents_async._transport.answer import Answer, Decoder
from currents_async._transport.credential import Credential
from currents_async._transport.session import USER_AGENT, Session
from currents_async._transport.traffic import Traffic
from currents_async._wire.array import ArrayField
from currents_async._wire.collecting import CollectingDecoder
from currents_async._wire.decode import EnvelopeDecoder
from currents_async._wire.elements import ElementDecoder
from currents_async._wire.endpoint import Endpoint, Request
from currents_async._wire.failure import Sent
from currents_async._wire.inflate import SLICE

E = TypeVar("E")
T = TypeVar("T")

_FIRST_SLICE = 8 * 1024
"""Bytes inflated before the first elements of a stream are looked for."""


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
        """Send a request and decode its answer, a slice in each turn of the event loop.

        Raises a `CurrentsError`, and nothing else, when there is no answer to return.
        """
        async with self._answer(request, _whole(request.endpoint)) as answer:
            await answer.batch()
            return answer.data

    def stream(self, request: Request[T], array: ArrayField, element: type[E]) -> Answer[E, T]:
        """Prepare to send a request whose answer has a large array, to be read element by element.

        `element` is the type to decode elements into. Raises as `call` does, when entered and when
        read.
        """
        decoder = ElementDecoder(request.endpoint.returns, array, element)
        return self._answer(request, decoder, first_slice=_FIRST_SLICE)

    def _answer(
        self, request: Request[Any], decoder: Decoder[E, T], *, first_slice: int = SLICE
    ) -> Answer[E, T]:
        sent = Sent(
            operation=request.endpoint.operation,
            method=request.endpoint.method,
            url=self.base_url + request.target,
        )
        return Answer(
            partial(self._send, request),
            decoder,
            sent=sent,
            body_limit=self.limits.body,
            traffic=self.traffic,
            redact=self._credential.redact,
            first_slice=first_slice,
        )

    def _send(self, request: Request[Any]) -> Awaitable[aiohttp.ClientResponse]:
        session = self.session.live()
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

    def _headers(self, request: Request[Any]) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Authorization": self._credential.authorization(),
            "User-Agent": USER_AGENT,
        }
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        return headers


def _whole(endpoint: Endpoint[T]) -> Decoder[Any, T]:
    """Make a decoder that hands nothing out before the end."""
    if endpoint.array is None:
        return EnvelopeDecoder(endpoint.returns)
    return CollectingDecoder(endpoint.returns, endpoint.array, least=SLICE)


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
