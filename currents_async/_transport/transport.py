"""A request to its response, over aiohttp."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from math import inf
from typing import Any, TypeVar

from currents_async._config import Retries, Timeouts
from currents_async._transport.api_attempt import ApiAttempt
from currents_async._transport.asset_call import AssetCall
from currents_async._transport.cached_attempt import attempt_with_cache, expect_instances
from currents_async._transport.call import ApiCall
from currents_async._transport.channel import Channel
from currents_async._transport.key_source import KeySource
from currents_async._transport.options import CallOptions
from currents_async._transport.response import (
    RawResponse,
    ResponseStream,
    read_decoded,
    read_raw,
    whole_response,
)
from currents_async._transport.upload_attempt import UploadTarget
from currents_async._transport.upload_call import UploadCall
from currents_async._wire.array import ArrayField
from currents_async._wire.asset_url import AssetUrl
from currents_async._wire.decoders import (
    WholeDecoder,
    WriteDecoder,
    decoder_for,
    small_decoder_for,
)
from currents_async._wire.elements import ElementDecoder
from currents_async._wire.endpoint import Endpoint, Request
from currents_async._wire.opened import opened
from currents_async.models._model import Model

E = TypeVar("E")
T = TypeVar("T")


class Transport:
    """Carries requests over a channel, with its own timeouts and retries."""

    def __init__(
        self, channel: Channel, *, timeouts: Timeouts, retries: Retries, keep_extra: bool = False
    ) -> None:
        self.channel = channel
        self.timeouts = timeouts
        self.retries = retries
        self.keep_extra = keep_extra

    def with_options(
        self, key: KeySource | None, timeouts: Timeouts | None, retries: Retries | None
    ) -> "Transport":
        """Return a transport over a view of the channel, with another key, timeouts or retries."""
        return Transport(
            self.channel.view(key),
            timeouts=timeouts or self.timeouts,
            retries=retries or self.retries,
            keep_extra=self.keep_extra,
        )

    def options(
        self,
        *,
        bulk: bool = False,
        repeat_writes: bool = False,
        fresh: bool = False,
        ends_at: float = inf,
    ) -> CallOptions:
        """Return the options of a call that begins now and must end by `ends_at`."""
        deadline = min(self.channel.clock.now() + self.timeouts.total, ends_at)
        return CallOptions(
            deadline, self.timeouts, self.retries, bulk, repeat_writes, fresh, ends_at
        )

    def call(
        self, request: Request[T], options: CallOptions | None = None, *, already: T | None = None
    ) -> Coroutine[Any, Any, T]:
        """Send a request and decode its response, a slice in each iteration of the event loop.

        `already` is what is known of a write that is done: it is returned if a repeated request
        finds its work done, and it fills in what the server leaves out. Raises a `CurrentsError`,
        and nothing else, when there is no response to return.
        """
        if already is None:
            read = _reading(request.endpoint, self.keep_extra)
        else:
            returns = request.endpoint.returns
            kind = opened(returns) if self.keep_extra else returns
            read = partial(read_decoded, partial(WriteDecoder, kind, already), None)
        return whole_response(self._call(request, options), read, already)

    def call_raw(
        self, request: Request[Any], options: CallOptions | None = None
    ) -> Coroutine[Any, Any, RawResponse]:
        """Send a request, and return its response undecoded. Raises as `call` does."""
        return whole_response(self._call(request, options, raw=True), read_raw)

    def raw(self) -> "RawTransport":
        """Return a transport over the same channel that does not decode responses."""
        return RawTransport(self.channel, timeouts=self.timeouts, retries=self.retries)

    def stream(
        self,
        request: Request[T],
        array: ArrayField,
        element: type[E],
        options: CallOptions | None = None,
    ) -> ResponseStream[E, T]:
        """Prepare to send a request whose response has a large array, to read it by elements.

        `element` is the type to decode elements into. Raises as `call` does, when entered and when
        read.
        """
        returns = request.endpoint.returns
        is_open = self.keep_extra and issubclass(element, Model)
        return ResponseStream(
            self._call(request, options, streamed=True),
            partial(WholeDecoder, returns, array)
            if is_open
            else partial(ElementDecoder, returns, array, element),
        )

    def reading_ahead(self) -> AbstractContextManager[object]:
        """Return the context in which `expect` has a cache read several instances at once."""
        keeper = self.channel.keeper
        return nullcontext() if keeper is None else keeper.ahead

    def expect(self, instance_ids: Iterable[str]) -> None:
        """Note which instances will be requested soon, in this order."""
        if self.channel.keeper is not None:
            expect_instances(self.channel, instance_ids)

    def asset_call(
        self,
        url: AssetUrl,
        *,
        max_bytes: int,
        ends_at: float,
        operation: str = "downloadAsset",
        refresh: Callable[[], Awaitable[AssetUrl | None]] | None = None,
    ) -> AssetCall:
        """Prepare a download from another host, to end by a time of the clock.

        `operation` is its name in errors and logs. `refresh` signs the URL again, once it has
        expired.
        """
        options = CallOptions(ends_at, self.timeouts, self.retries, ends_at=ends_at)
        return AssetCall(
            self.channel, url, options, operation=operation, refresh=refresh, max_bytes=max_bytes
        )

    def upload_call(
        self,
        target: UploadTarget,
        declare: Callable[[], Awaitable[UploadTarget]],
        *,
        ends_at: float,
    ) -> UploadCall:
        """Prepare an upload to another host, to end by a time of the clock.

        `declare` returns another target, once this one has expired.
        """
        options = CallOptions(ends_at, self.timeouts, self.retries, ends_at=ends_at)
        return UploadCall(self.channel, target, options, declare=declare)

    def _call(
        self,
        request: Request[Any],
        options: CallOptions | None,
        *,
        streamed: bool = False,
        raw: bool = False,
    ) -> ApiCall:
        has_cache = self.channel.keeper is not None
        kind = attempt_with_cache(request, raw=raw) if has_cache else ApiAttempt
        return ApiCall(
            self.channel, request, options or self.options(), streamed=streamed, kind=kind
        )


@cache
def _reading(endpoint: Endpoint[T], keep_extra: bool) -> Callable[[ApiAttempt], Awaitable[T]]:  # noqa: FBT001 - a keyword costs a cache twice as much
    new_decoder = decoder_for(endpoint, keep_extra=keep_extra)
    decode_small = small_decoder_for(endpoint, keep_extra=keep_extra)
    return partial(read_decoded, new_decoder, decode_small)


class RawTransport(Transport):
    """A transport that returns every response as it is."""

    def call(
        self,
        request: Request[Any],
        options: CallOptions | None = None,
        *,
        already: Any = None,  # noqa: ARG002 - nothing that is known could be returned undecoded
    ) -> Coroutine[Any, Any, Any]:
        """Send a request, and return its response undecoded."""
        return self.call_raw(request, options)
