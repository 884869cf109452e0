"""What can be done with a server over HTTP, below `/_fake/`.

    GET    /_fake/                    this list
    GET    /_fake/health              {"status": "OK"}, for whoever waits for the server: no key
    GET    /_fake/requests            the journal, oldest first; ?operation=getRun&status=404
    DELETE /_fake/requests            forget them
    GET    /_fake/requests/unmatched  those that fit no operation, the nearest, and the difference
    GET    /_fake/deliveries          what was posted to webhooks
    GET    /_fake/clock               {"now": "2026-01-05T09:00:00+00:00"}
    POST   /_fake/clock               move it forward: {"hours": 1}; days, minutes, seconds
    GET    /_fake/faults              those still to come
    POST   /_fake/faults              add one: {"operation": "getRun", "status": 503, "times": 2}
    DELETE /_fake/faults              clear them
    PUT    /_fake/rate                limit the rate: {"rate": "bucket:50/s,burst=20"}; null ends it
    POST   /_fake/emit                let an event happen: {"event": "RUN_FINISH", "run_id": "…"}
    POST   /_fake/reset               begin again, with the world as it was; the clock goes on

A fault has the fields of `FakeCurrents.fail`. Every response is JSON.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from hmac import compare_digest
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from currents_async.errors import InvalidArgumentError
from currents_async.testing._admin.journal import (
    delivery_to_json,
    fault_to_json,
    miss_to_json,
    request_to_json,
)
from currents_async.testing._admin.nearest import is_unmatched
from currents_async.testing._limiters.spelling import parse_limiter
from currents_async.testing._serving.faults import FaultKind
from currents_async.testing._world.webhooks import Event
from currents_async.testing.server import FakeCurrents, RecordedRequest
from currents_async.testing.world import World

T = TypeVar("T")

ROOT = "/_fake"
_LIST = [line.split(maxsplit=2) for line in (__doc__ or "").splitlines() if f" {ROOT}/" in line]


class Admin:
    """The control of a server; one that lets others in asks for its API key."""

    def __init__(
        self, server: FakeCurrents, make_world: Callable[[], World], *, needs_key: bool
    ) -> None:
        self._server = server
        self._make_world = make_world
        self._needs_key = needs_key

    def routes(self) -> list[web.RouteDef]:
        """Return what the server has to serve besides the API."""
        handlers: Mapping[tuple[str, str], Callable[[web.Request], Awaitable[Any]]] = {
            ("GET", "/"): self._list,
            ("GET", "/requests"): self._requests,
            ("DELETE", "/requests"): self._forget,
            ("GET", "/requests/unmatched"): self._unmatched,
            ("GET", "/deliveries"): self._deliveries,
            ("GET", "/clock"): self._clock,
            ("POST", "/clock"): self._advance,
            ("GET", "/faults"): self._faults,
            ("POST", "/faults"): self._fail,
            ("DELETE", "/faults"): self._clear,
            ("PUT", "/rate"): self._rate,
            ("POST", "/emit"): self._emit,
            ("POST", "/reset"): self._reset,
        }
        return [
            web.get(f"{ROOT}/health", _health),
            *(
                web.route(method, ROOT + path, partial(self._serve, handler))
                for (method, path), handler in handlers.items()
            ),
            web.route("*", ROOT + "{rest:(/.*)?}", partial(self._serve, _refuse)),
        ]

    async def _serve(
        self, handler: Callable[[web.Request], Awaitable[Any]], request: web.Request
    ) -> web.Response:
        sent = request.headers.get("Authorization", "").encode()
        if self._needs_key and not compare_digest(sent, f"Bearer {self._server.api_key}".encode()):
            return _failure(401, "send the API key: Authorization: Bearer …")
        try:
            return _json(await handler(request))
        except (InvalidArgumentError, msgspec.DecodeError, UnicodeDecodeError) as error:
            return _failure(400, str(error))
        except LookupError as error:
            return _failure(404, str(error.args[0]))

    async def _list(self, _: web.Request) -> Any:
        return [{"method": method, "path": path, "does": does} for method, path, does in _LIST]

    async def _requests(self, request: web.Request) -> Any:
        wanted = msgspec.convert(dict(request.query), _Wanted, strict=False)
        found = [
            one
            for one in self._all()
            if wanted.operation in {None, one.operation} and wanted.status in {None, one.status}
        ]
        return [request_to_json(one) for one in found[-wanted.limit :]]

    async def _forget(self, _: web.Request) -> Any:
        self._server.requests.clear()
        self._server.asset_requests.clear()

    async def _unmatched(self, _: web.Request) -> Any:
        return [miss_to_json(one) for one in self._server.requests if is_unmatched(one)]

    async def _deliveries(self, _: web.Request) -> Any:
        return [delivery_to_json(one) for one in self._server.deliveries]

    async def _clock(self, _: web.Request) -> Any:
        return {"now": datetime.fromtimestamp(self._server.clock.wall(), UTC).isoformat()}

    async def _advance(self, request: web.Request) -> Any:
        span = await _read(request, _Span)
        self._server.clock.advance(**msgspec.structs.asdict(span))
        return await self._clock(request)

    async def _faults(self, _: web.Request) -> Any:
        return [fault_to_json(one) for one in self._server.faults]

    async def _fail(self, request: web.Request) -> Any:
        fault = msgspec.structs.asdict(await _read(request, _Fault))
        body = fault.pop("body")
        self._server.fail(**fault, body=None if body is None else body.encode())
        return await self._faults(request)

    async def _clear(self, _: web.Request) -> Any:
        self._server.clear_faults()

    async def _rate(self, request: web.Request) -> Any:
        rate = (await _read(request, _Rate)).rate
        self._server.limit_rate(None if rate is None else parse_limiter(rate))

    async def _emit(self, request: web.Request) -> Any:
        wanted = await _read(request, _Emitted)
        runs = self._server.world.runs
        if wanted.run_id is not None and wanted.run_id not in runs:
            raise LookupError(f"there is no run {wanted.run_id}")
        run = None if wanted.run_id is None else runs[wanted.run_id]
        run, deliveries = await self._server.cause(wanted.event, run, group_id=wanted.group_id)
        return {"run_id": run.run_id, "deliveries": [delivery_to_json(one) for one in deliveries]}

    async def _reset(self, _: web.Request) -> Any:
        self._server.reset(self._make_world())

    def _all(self) -> list[RecordedRequest]:
        both = [*self._server.requests, *self._server.asset_requests]
        return sorted(both, key=lambda one: one.started)


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    operation: str | None = None
    status: int | None = None
    limit: int = 1000


class _Span(msgspec.Struct, forbid_unknown_fields=True):
    seconds: float = 0
    minutes: float = 0
    hours: float = 0
    days: float = 0


class _Fault(msgspec.Struct, forbid_unknown_fields=True):
    operation: str | None = None
    status: int = 503
    times: int | None = 1
    path_args: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: str | None = None
    code: str | None = None
    required_scope: str | None = None
    after: int = 0
    probability: float | None = None
    seed: int = 0
    fault: FaultKind | None = None


class _Rate(msgspec.Struct, forbid_unknown_fields=True):
    rate: str | None


class _Emitted(msgspec.Struct, forbid_unknown_fields=True):
    event: Event
    run_id: str | None = None
    group_id: str | None = None


async def _read(request: web.Request, kind: type[T]) -> T:
    return msgspec.json.decode(await request.read(), type=kind)


async def _health(_: web.Request) -> web.Response:
    return _json(None)


async def _refuse(request: web.Request) -> Any:
    raise LookupError(f"no {request.method} {request.path}: GET {ROOT}/ lists what there is")


def _json(data: Any, status: int = 200) -> web.Response:
    body = {"status": "OK"} if data is None else data
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )


def _failure(status: int, message: str) -> web.Response:
    return _json({"status": "FAILED", "error": message}, status)
