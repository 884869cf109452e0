"""A host that forwards requests, and keeps the responses."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL

from currents_async._transport.connection import CheckedRequest, SendOnce
from currents_async._transport.credential import Credential
from currents_async._wire.body_errors import BodyError
from currents_async._wire.inflate import inflater_for
from currents_async.errors import MisuseError
from currents_async.testing._cassettes.serving import CassetteHost
from currents_async.testing._cassettes.tape import (
    TapedExchange,
    TapedRequest,
    TapedResponse,
    read_content,
)
from currents_async.testing._serving.api import BASE
from currents_async.testing._serving.api_response import RefusedError
from currents_async.testing._serving.sending import WireResponse

_PASSED_ON = ("Accept", "Content-Type", "User-Agent")
_KEPT = (
    "Content-Type",
    "Location",
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Id",
)


class Forwarder(CassetteHost):
    """Sends requests to the service itself, with the real key.

    If no response arrives, the client gets a 502 and nothing is kept.
    """

    def __init__(self, base_url: str, credential: Credential) -> None:
        self._base_url = base_url
        self._credential = credential
        self._session: aiohttp.ClientSession | None = None
        self._kept: list[TapedExchange | None] = []

    @property
    def exchanges(self) -> list[TapedExchange]:
        """The requests that got a response, in the order in which they were sent."""
        return [one for one in self._kept if one is not None]

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[None]:
        """Open the session that requests are sent with."""
        async with aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(SendOnce(self._credential),),
            request_class=CheckedRequest,
            # aiohttp accepts a compressed body that ends midway.
            auto_decompress=False,
        ) as self._session:
            yield

    async def _play(self, request: web.Request, taped: TapedRequest) -> WireResponse:
        number = len(self._kept)
        self._kept.append(None)
        try:
            response, body = await self._forward(request)
        except (aiohttp.ClientError, TimeoutError, BodyError) as error:
            reason = self._credential.redact(str(error) or type(error).__name__)
            raise RefusedError(502, f"the service sent no response to record: {reason}") from None
        self._kept[number] = TapedExchange(request=taped, response=response)
        return WireResponse(response.status, body, response.headers)

    async def _forward(self, request: web.Request) -> tuple[TapedResponse, bytes]:
        if self._session is None:
            raise MisuseError("not connected")
        own = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        async with self._session.request(
            request.method,
            # As it was sent: how to encode it is the client's choice.
            URL(self._base_url + request.rel_url.raw_path_qs.removeprefix(BASE), encoded=True),
            headers={**own, "Accept-Encoding": "gzip"},
            data=await request.read() or None,
            allow_redirects=False,
        ) as response:
            encoding = response.headers.get("Content-Encoding", "")
            body = await asyncio.to_thread(_inflate, await response.read(), encoding)
            headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
            taped = TapedResponse(status=response.status, headers=headers, **read_content(body))
            return taped, body


def _inflate(body: bytes, encoding: str) -> bytes:
    inflater = inflater_for(encoding, sys.maxsize)
    inflated = b"".join(inflater.feed(body))
    inflater.flush()
    return inflated
