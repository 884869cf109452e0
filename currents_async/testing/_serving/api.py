"""The API of the service, as a host: operations on a world, with a key, a rate and a size limit."""

from collections.abc import Callable
from functools import partial
from http.client import responses

import msgspec
from aiohttp import web

from currents_async.testing._serving.call import Call
from currents_async.testing._serving.rate import RateWindow
from currents_async.testing._serving.replies import (
    Encoder,
    Refusal,
    Reply,
    compress,
    encode_failure,
)
from currents_async.testing._serving.requests import RecordedRequest
from currents_async.testing._serving.routes import ROUTES
from currents_async.testing._serving.sending import Answer
from currents_async.testing._serving.site import Path
from currents_async.testing._world.ids import seconds_ms
from currents_async.testing.clock import AnyClock
from currents_async.testing.world import World

BASE = "/v1"
PATHS = tuple(
    Path(endpoint.operation, endpoint.method, BASE + endpoint.path) for endpoint, _ in ROUTES
)
_HANDLERS = {route.endpoint.operation: route.handle for route in ROUTES}


class Api:
    """Answers as the service does."""

    def __init__(
        self,
        world: World,
        *,
        clock: AnyClock,
        rate: RateWindow | None,
        response_limit: int,
        sign: Callable[[web.Request, bytes], bytes] | None,
    ) -> None:
        """`sign` is what signs the URLs of assets in a body; None leaves them as they are."""
        self._world = world
        self._clock = clock
        self._rate = rate
        self._response_limit = response_limit
        self._sign = sign
        self._encoder = Encoder()

    async def answer(
        self, request: web.Request, recorded: RecordedRequest, *, gzip: bool
    ) -> Answer:
        """Do what is asked, or refuse it."""
        headers = {"Content-Encoding": "gzip"} if gzip else {}
        status = 200
        try:
            if self._rate is not None:
                verdict = self._rate.count()
                headers |= verdict.headers
                if not verdict.allowed:
                    raise Refusal(429, "Too Many Requests")  # noqa: TRY301 - like any other
            reply = self._reply(request, recorded)
            if self._sign is not None:
                # Signed for this one time: of no use to keep.
                sign = partial(self._sign, request)
                reply = msgspec.structs.replace(reply, key=None, finish=sign)
            body = await self._encoder.encode(reply, gzip=gzip)
            self._check_size(body)
            status, headers = reply.status, headers | reply.headers
        except Refusal as refusal:
            status, failure = refusal.status, encode_failure(refusal.message)
            body = compress(failure) if gzip else failure
        return Answer(status, body, headers)

    def failure(self, status: int) -> Answer:
        """Say what a status says, in the service's envelope."""
        return Answer(status, encode_failure(responses.get(status, f"Status {status}")), {})

    def _check_size(self, body: bytes) -> None:
        if len(body) > self._response_limit:
            raise Refusal(
                413,
                f"Payload Too Large - {len(body)} bytes, the limit is {self._response_limit}. "
                "Use Accept-Encoding: gzip header.",
            )

    def _reply(self, request: web.Request, recorded: RecordedRequest) -> Reply:
        if not recorded.authorized:
            raise Refusal(401, "Invalid API key provided")
        if recorded.operation is None:
            wrong_method = isinstance(request.match_info.http_exception, web.HTTPMethodNotAllowed)
            raise Refusal(405, "Method not allowed") if wrong_method else Refusal(404, "Not found")
        now = seconds_ms(self._clock.wall())
        call = Call(recorded.path_args, recorded.query, recorded.body, now)
        return _HANDLERS[recorded.operation](self._world, call)
