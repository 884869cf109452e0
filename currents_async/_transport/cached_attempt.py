"""Attempts of a client with a cache: they look there first, keep what lasts, drop what changes."""

import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

import msgspec

from currents_async._cache.keeper import Keeper
from currents_async._cache.responses import KeptResponse, Lookup
from currents_async._transport.api_attempt import LENIENT, SMALL, ApiAttempt
from currents_async._transport.body import Body
from currents_async._transport.channel import Channel
from currents_async._transport.memory import ObjectCount
from currents_async._transport.tracing import RequestAttempt, RequestCall, Traffic
from currents_async._wire.body_errors import BodyError
from currents_async._wire.endpoint import Request
from currents_async._wire.failure import error_for_body
from currents_async._wire.inflate import SLICE, inflate_small
from currents_async._wire.notes import Notes
from currents_async.errors import CurrentsError

T = TypeVar("T")

_RUN = re.compile(r"/runs/[^/?]+")
"""The path of a run, with which those of all that changes it begin."""


def attempt_with_cache(request: Request[Any], *, raw: bool) -> type[ApiAttempt]:
    """Return which kind of attempts a client with a cache makes; a `raw` response is not kept."""
    endpoint = request.endpoint
    if endpoint.lasting is not None:
        return ApiAttempt if raw else CachedAttempt
    if endpoint.method != "GET" and _RUN.match(request.target):
        return ForgettingAttempt
    return ApiAttempt


def expect_instances(channel: Channel, instance_ids: Iterable[str]) -> None:
    """Note which instances will be looked for soon, in this order."""
    keeper, key = channel.keeper, channel.key.fixed
    if keeper is not None and key is not None:
        scope, url = key.scope(), f"{channel.base_url}/instances/"
        names = (scope.name(url + quote(one, safe="")) for one in instance_ids)
        keeper.ahead.expect(Lookup(scope, name) for name in names)


class _AttemptWithCache(ApiAttempt):
    @property
    def _keeper(self) -> Keeper:
        keeper = self._channel.keeper
        if keeper is None:
            raise RuntimeError("the client has no cache")
        return keeper

    def _name(self, target: str) -> Lookup:
        """Return what the response of a target is called that was requested with this key."""
        if self._credential is None:
            raise RuntimeError("no key has been used yet")
        scope = self._credential.scope()
        return Lookup(scope, scope.name(self._channel.base_url + target))


class CachedAttempt(_AttemptWithCache):
    """An attempt at a call whose response may be in the cache, and else may be put there."""

    _keeps_body: ClassVar[bool] = True

    _kept: KeptResponse | None = None
    _arriving_run: bytes | None = None
    _dates_from = 0.0
    """Before it is sent, so that its response is of no earlier time."""

    @property
    def _looks_first(self) -> bool:
        return self._info.get("attempts") == 1 and not self._options.fresh

    async def begin(self) -> None:
        """Look into the cache, and wait at the gate if nothing is there."""
        self._dates_from = self._channel.clock.wall()
        if self._looks_first:
            self._channel.check_open()
            await self._look_up()
            self._channel.check_open()
        if self._kept is None:
            await super().begin()
            return
        self._sent_at = self._channel.clock.now()
        self._ends_at = self._options.deadline

    async def open(self) -> None:
        """Send the request, unless the response is there."""
        if self._kept is None:
            await super().open()
            if _RUN.fullmatch(self._request.target):
                # What is requested from now on is no older than this response.
                self._dates_from = self._channel.clock.wall()
                self._arriving_run = self._name(self._request.target).name
                self._keeper.run_begins(self._arriving_run)
            return
        self._channel.traffic.cached += 1

    def _success_body(self, arrived: bytes | None = None) -> Body:
        kept = self._kept
        if kept is None:
            return super()._success_body(arrived)
        self._objects = ObjectCount(self._channel.limits.body)
        return Body(
            _KeptContent(kept.body),
            kept.encoding.decode(),
            self._channel.limits.body,
            traffic=Traffic(),  # nothing is received
            memory=self._channel.memory,
            first=SLICE,
            keep=self._streamed,
            objects=self._objects,
            on_end=self._leave_gate,
        )

    def small_text(self) -> bytes | None:
        """Return the text of a response if it is short; what arrives is read as it will be kept."""
        kept = self._kept
        if kept is None or self._channel.limits.body < LENIENT:
            return None
        text = inflate_small(kept.encoding.decode(), kept.body, SMALL)
        self._counts = len(kept.body), 0 if text is None else len(text)
        return text

    def run(self, step: Callable[[], Awaitable[T]]) -> Coroutine[Any, Any, T]:
        """Run a part of the attempt; what is kept takes no time that needs a limit."""
        return super().run(step) if self._kept is None else self._run_kept(step)

    async def _run_kept(self, step: Callable[[], Awaitable[T]]) -> T:
        try:
            return await step()
        except BodyError as failure:  # of a client with other limits
            error = error_for_body(self._info, 0, {}, failure)
        raise error

    def decoded(self, data: object, notes: Notes) -> None:
        """Keep the response, if what it says does not change any more."""
        super().decoded(data, notes)
        lasting = self._request.endpoint.lasting
        lasts = None if lasting is None or self._kept is not None else lasting(data)
        if lasts is None:
            return
        response = self._to_keep(lasts.run_id)
        if lasts.since is None:
            self._keeper.keep_instance(response)
        elif lasts.since <= self._dates_from:
            self._keeper.keep_run(response, renews=self._options.fresh)
        else:
            self._keeper.forget(response.run, self._dates_from)

    def close(self) -> None:
        """Let go of everything."""
        if self._arriving_run is not None:
            self._keeper.run_ends(self._arriving_run)
        super().close()

    def record(
        self, call: RequestCall, since: float, *, error: CurrentsError | None
    ) -> RequestAttempt:
        """Describe the attempt, and whether the response was in the cache."""
        attempt = super().record(call, since, error=error)
        outcome = "miss" if self._kept is None else "hit"
        return msgspec.structs.replace(attempt, cache=outcome) if self._looks_first else attempt

    async def _look_up(self) -> None:
        key = self._channel.key
        self._credential = key.fixed or await self._ask(key.ask)
        self._kept = await self._keeper.find(self._name(self._request.target))

    def _to_keep(self, run_id: str) -> KeptResponse:
        encoding, chunks, _ = self.body.progress
        scope, name = self._name(self._request.target)
        # Unchecked: whatever the server calls it, the call has succeeded.
        run = self._arriving_run or self._name(f"/runs/{quote(run_id, safe='')}").name
        return KeptResponse(scope, name, run, self._dates_from, encoding.encode(), b"".join(chunks))


class ForgettingAttempt(_AttemptWithCache):
    """An attempt at a write to a run, which is not kept any longer, however the attempt ends."""

    async def begin(self) -> None:
        """Wait at the gate, and drop the run."""
        await super().begin()
        self._forget()

    def close(self) -> None:
        """Drop what was requested meanwhile."""
        if self.was_sent:
            self._forget()
        super().close()

    def _forget(self) -> None:
        run = _RUN.match(self._request.target)
        if run is not None and self._credential is not None:
            self._keeper.forget(self._name(run[0]).name, self._channel.clock.wall())


class _KeptContent:
    """The bytes of a kept response, in chunks as of a network."""

    def __init__(self, body: bytes) -> None:
        self._body = memoryview(body)

    def at_eof(self) -> bool:
        return not self._body

    def exception(self) -> None:
        return None

    def read_nowait(self) -> bytes:
        chunk, self._body = self._body[:SLICE], self._body[SLICE:]
        return bytes(chunk)

    async def readany(self) -> bytes:
        return self.read_nowait()
