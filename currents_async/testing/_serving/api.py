"""The API of the service, as a host: operations on a world, with a key, a rate and a size limit."""

from collections.abc import Callable, Mapping
from functools import partial
from http.client import responses

import msgspec
from aiohttp import web

from currents_async.models.account import kind_by_form
from currents_async.testing._faulty.message import compress
from currents_async.testing._limiters.decision import Decision
from currents_async.testing._limiters.meter import Limiter, Meter
from currents_async.testing._serving.api_request import ApiRequest
from currents_async.testing._serving.api_response import (
    ApiResponse,
    Encoder,
    RefusedError,
    encode_failure,
)
from currents_async.testing._serving.operations import ROUTES
from currents_async.testing._serving.requests import RecordedRequest
from currents_async.testing._serving.sending import WireResponse
from currents_async.testing._serving.site import OperationPath
from currents_async.testing._world.ids import seconds_ms
from currents_async.testing.clock import AnyClock
from currents_async.testing.world import World

BASE = "/v1"
PATHS = tuple(
    OperationPath(endpoint.operation, endpoint.method, BASE + endpoint.path)
    for endpoint, _ in ROUTES
)
_HANDLERS = {route.endpoint.operation: route.handle for route in ROUTES}


class Api:
    """Responds as the service does."""

    def __init__(
        self,
        world: World,
        *,
        clock: AnyClock,
        limiter: Limiter | None,
        max_response_bytes: int,
        sign: Callable[[web.Request, bytes], bytes] | None,
        strict: bool,
    ) -> None:
        """`sign` signs the URLs of assets in a body; None leaves them as they are."""
        self._world = world
        self._clock = clock
        self.limit_rate(limiter)
        self._counted: dict[str, tuple[Meter, Decision]] = {}
        """By the IDs of requests in flight."""
        self._max_response_bytes = max_response_bytes
        self._sign = sign
        self._strict = strict
        self._encoder = Encoder()

    async def respond(
        self, request: web.Request, recorded: RecordedRequest, *, gzip: bool
    ) -> WireResponse:
        """Carry out a request, or refuse it."""
        headers = {"Content-Encoding": "gzip"} if gzip else {}
        status = 200
        try:
            headers |= self._rate_headers(recorded)
            response = self._make_response(request, recorded)
            if self._sign is not None:
                # Signed for this response only, so there is no use in caching it.
                sign = partial(self._sign, request)
                response = msgspec.structs.replace(response, key=None, finish=sign)
            body = await self._encoder.encode(response, gzip=gzip)
            self._check_size(body)
            status, headers = response.status, headers | response.headers
        except RefusedError as refusal:
            recorded.error = refusal.message
            status, failure = refusal.status, encode_failure(refusal.message, refusal.extra)
            headers |= refusal.headers
            body = compress(failure) if gzip else failure
        return WireResponse(status, body, headers)

    def failure(self, status: int) -> WireResponse:
        """Make the response with a status, in the service's envelope."""
        return WireResponse(status, encode_failure(reason_of(status)), {})

    def arrive(self, recorded: RecordedRequest) -> None:
        """Count a request that has just arrived against the limiter."""
        if self._meter is not None:
            decision = self._meter.arrive(self._clock.wall())
            self._counted[recorded.request_id] = self._meter, decision

    def finish(self, recorded: RecordedRequest) -> None:
        """Tell the limiter that a request is no longer in flight."""
        meter, decision = self._counted.pop(recorded.request_id, (None, None))
        if meter is not None and decision is not None and decision.accepted:
            meter.leave()

    def limit_rate(self, limiter: Limiter | None) -> None:
        """Limit the rate from now on, counting from the beginning; None ends it."""
        self._meter = None if limiter is None else limiter.meter()

    def _rate_headers(self, recorded: RecordedRequest) -> Mapping[str, str]:
        """Return what the response says about the rate, or raise a `RefusedError`."""
        _, decision = self._counted.get(recorded.request_id, (None, None))
        if decision is None:
            return {}
        if decision.status is not None:
            raise RefusedError(decision.status, reason_of(decision.status), decision.headers)
        return decision.headers

    def _check_size(self, body: bytes) -> None:
        if len(body) > self._max_response_bytes:
            raise RefusedError(
                413,
                f"Payload Too Large - {len(body)} bytes, the limit is {self._max_response_bytes}. "
                "Use Accept-Encoding: gzip header.",
            )

    def _make_response(self, request: web.Request, recorded: RecordedRequest) -> ApiResponse:
        if not recorded.authorized:
            raise RefusedError(401, "Invalid API key provided")
        if recorded.operation is None:
            wrong_method = isinstance(request.match_info.http_exception, web.HTTPMethodNotAllowed)
            raise (
                RefusedError(405, "Method not allowed")
                if wrong_method
                else RefusedError(404, "Not found")
            )
        now = seconds_ms(self._clock.wall())
        api_request = ApiRequest(
            recorded.operation,
            recorded.path_args,
            recorded.query,
            recorded.body,
            now,
            kind_by_form(request.headers.get("Authorization", "").removeprefix("Bearer ")).value,
            self._strict,
        )
        recorded.unknown = api_request.unknown
        return _HANDLERS[recorded.operation](self._world, api_request)


def reason_of(status: int) -> str:
    """Return the standard phrase of a status."""
    return responses.get(status, f"Status {status}")
