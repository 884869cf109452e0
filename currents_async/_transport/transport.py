"""A request to its answer, over aiohttp."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from math import inf
from typing import Any, TypeVar

from currents_async._config import Retries, Timeouts
from currents_async._transport.asset_call import AssetCall
from currents_async._transport.call import Call
from currents_async._transport.channel import CallOptions, Channel
from currents_async._transport.raw import RawResponse
from currents_async._transport.response import (
    ResponseStream,
    read_decoded,
    read_raw,
    whole_answer,
)
from currents_async._wire.array import ArrayField
from currents_async._wire.asset_url import AssetUrl
from currents_async._wire.decoders import WriteDecoder, decoder_for
from currents_async._wire.elements import ElementDecoder
from currents_async._wire.endpoint import Request

E = TypeVar("E")
T = TypeVar("T")

_FIRST_SLICE = 8 * 1024
"""Bytes inflated before the first elements of a stream are looked for."""


class Transport:
    """Carries requests over a channel, with the patience it was made with."""

    def __init__(self, channel: Channel, *, timeouts: Timeouts, retries: Retries) -> None:
        self.channel = channel
        self.timeouts = timeouts
        self.retries = retries

    def with_options(self, timeouts: Timeouts | None, retries: Retries | None) -> "Transport":
        """Return a transport over the same channel, with other patience."""
        return Transport(
            self.channel,
            timeouts=timeouts or self.timeouts,
            retries=retries or self.retries,
        )

    def options(
        self, *, bulk: bool = False, repeat_writes: bool = False, ends_at: float = inf
    ) -> CallOptions:
        """Return the options of a call that begins now and must end by `ends_at`."""
        deadline = min(self.channel.clock.now() + self.timeouts.total, ends_at)
        return CallOptions(deadline, bulk, repeat_writes, ends_at)

    def call(
        self, request: Request[T], options: CallOptions | None = None, *, already: T | None = None
    ) -> Coroutine[Any, Any, T]:
        """Send a request and decode its answer, a slice in each turn of the event loop.

        `already` is what is known of a write that is done: the answer to a repeated request that
        finds its work done, and what the server leaves out of its own. Raises a `CurrentsError`,
        and nothing else, when there is no answer to return.
        """
        if already is None:
            read = partial(read_decoded, decoder_for(request.endpoint))
        else:
            read = partial(read_decoded, partial(WriteDecoder, request.endpoint.returns, already))
        return whole_answer(self._call(request, options), read, already)

    def call_raw(
        self, request: Request[Any], options: CallOptions | None = None
    ) -> Coroutine[Any, Any, RawResponse]:
        """Send a request, and return its answer undecoded. Raises as `call` does."""
        return whole_answer(self._call(request, options), read_raw)

    def raw(self) -> "RawTransport":
        """Return a transport over the same channel whose answers are not decoded."""
        return RawTransport(self.channel, timeouts=self.timeouts, retries=self.retries)

    def stream(
        self,
        request: Request[T],
        array: ArrayField,
        element: type[E],
        options: CallOptions | None = None,
    ) -> ResponseStream[E, T]:
        """Prepare to send a request whose answer has a large array, to be read element by element.

        `element` is the type to decode elements into. Raises as `call` does, when entered and when
        read.
        """
        call = self._call(request, options, first_slice=_FIRST_SLICE, resumable=True)
        return ResponseStream(
            call, partial(ElementDecoder, request.endpoint.returns, array, element)
        )

    def asset_call(
        self,
        url: AssetUrl,
        *,
        refresh: Callable[[], Awaitable[AssetUrl | None]] | None,
        max_bytes: int,
        ends_at: float,
    ) -> AssetCall:
        """Prepare to download from another host, by a time of the clock.

        `refresh` signs the URL again, once its time is over. `max_bytes` is in bytes.
        """
        return AssetCall(
            self.channel,
            url,
            refresh=refresh,
            max_bytes=max_bytes,
            ends_at=ends_at,
            timeouts=self.timeouts,
            retries=self.retries,
        )

    def _call(self, request: Request[Any], options: CallOptions | None, **kwargs: Any) -> Call:
        return Call(
            self.channel,
            request,
            options=options or self.options(),
            timeouts=self.timeouts,
            retries=self.retries,
            **kwargs,
        )


class RawTransport(Transport):
    """A transport that returns every answer as it is."""

    def call(
        self,
        request: Request[Any],
        options: CallOptions | None = None,
        *,
        already: Any = None,  # noqa: ARG002 - there is no such answer to be had raw
    ) -> Coroutine[Any, Any, Any]:
        """Send a request, and return its answer undecoded."""
        return self.call_raw(request, options)
