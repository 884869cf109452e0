"""The response to a call, decoded while it arrives: as a whole, or element by element."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import msgspec

from currents_async._transport.api_attempt import ApiAttempt
from currents_async._transport.body import Body
from currents_async._transport.call import ApiCall
from currents_async._wire.decoders import BytesDecoder, Decoder
from currents_async._wire.envelope import DECODE_ERRORS, parse
from currents_async.errors import CurrentsError, MisuseError

E = TypeVar("E")
T = TypeVar("T")


class RawResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A success, decompressed and not decoded.

    Its repr leaves out the headers and the body, which may have signed URLs and cookies in them.
    """

    status: int
    headers: Mapping[str, str]
    """Names are compared without regard to case."""
    body: bytes

    def json(self) -> Any:
        """Return the body as built-in types, its envelope included.

        Raises `msgspec.DecodeError` when it is no JSON.
        """
        return parse(self.body, _ANYTHING)

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("status", self.status), ("body", f"{len(self.body)} bytes")]

    def __repr__(self) -> str:
        return f"<RawResponse {self.status}, {len(self.body)} bytes>"


_ANYTHING = msgspec.json.Decoder()


async def whole_response(
    call: ApiCall, read: Callable[[ApiAttempt], Awaitable[T]], already: T | None = None
) -> T:
    """Make a call, and return what `read` makes of the response: `read_decoded` or `read_raw`.

    `already` is returned if an earlier attempt of this call turns out to have done the work. Raises
    a `CurrentsError`, and nothing else.
    """
    with call:
        return await call.attempt(
            lambda attempt: attempt.run(partial(read, attempt)), already=already
        )


async def read_decoded(
    new_decoder: Callable[[], Decoder[Any, T]],
    decode_small: Callable[[bytes], T] | None,
    attempt: ApiAttempt,
) -> T:
    """Send the request, and decode the whole of its response, a short one by `decode_small`."""
    await attempt.open()
    text = None if decode_small is None else attempt.small_text()
    if decode_small is not None and text is not None:
        with suppress(*DECODE_ERRORS):
            return decode_small(text)
    decoder = new_decoder()
    if text is not None:
        decoder.feed(text)
    else:
        body = attempt.body
        while (text := await body.read()) is not None:
            if wait := attempt.hold(max(decoder.held + len(text), attempt.weight)):
                await wait
            decoder.feed(text)
    for _ in decoder.finish():
        await asyncio.sleep(0)
    _, data = decoder.flush()
    attempt.decoded(data, decoder.notes)
    return data


async def read_raw(attempt: ApiAttempt) -> RawResponse:
    """Send the request, and return its response as it is."""
    body = await read_decoded(BytesDecoder, None, attempt)
    response = attempt.response
    return RawResponse(status=response.status, headers=response.headers, body=body)


class ResponseStream(Generic[E, T]):
    """A response that is read element by element, inside `async with`, which makes the call.

    A response that breaks off goes on with that of the next attempt, if no element has been handed
    out yet, or if those that have been come again byte for byte. Raises a `CurrentsError`, and
    nothing else.
    """

    def __init__(self, call: ApiCall, new_decoder: Callable[[], Decoder[E, T]]) -> None:
        self._call = call
        self._new_decoder = new_decoder
        self._decoder = new_decoder()
        self._attempt: ApiAttempt | None = None
        self._handed_out = False
        self._error: CurrentsError | None = None
        self._end: tuple[T] | None = None

    async def __aenter__(self) -> Self:
        self._call.__enter__()
        try:
            self._attempt = await self._call.attempt(_open, leave_open=True)
        except BaseException as error:
            self._call.__exit__(type(error), error, None)
            raise
        self._call.stop_clock()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._attempt is not None:
            self._call.attempted(self._attempt, None)
        self._call.__exit__(exc_type, exc if self._error is None else self._error, traceback)

    def prefetch(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return what takes the body off the network, to be run in a task beside the reader."""
        return self._entered.prefetch()

    def end_of_prefetch(self) -> Callable[[], None]:
        """Return what is to be called once that task has ended, for whatever reason.

        A reader of what has not arrived would wait for ever.
        """
        error = MisuseError("the task that receives the response was cancelled from outside")
        return partial(self._entered.body.fail, error)

    async def batch(self) -> list[E]:
        """Return the next elements, at least one; an empty list once the body has ended well."""
        if self._error is not None:
            raise self._error
        self._call.restart_clock()
        try:
            while self._end is None:
                try:
                    elements = await self._entered.run_reading(self._next)
                except CurrentsError as failure:
                    error = failure
                else:
                    return elements
                await self._recover(error)
            return []
        finally:
            self._call.stop_clock()

    @property
    def data(self) -> T:
        """The data of the response without its elements, once `batch` has returned none."""
        if self._end is None:
            raise MisuseError("there is no run before the iteration has ended")
        return self._end[0]

    @property
    def _entered(self) -> ApiAttempt:
        if self._attempt is None:
            raise MisuseError("iterate inside 'async with'")
        return self._attempt

    async def _next(self) -> list[E]:
        attempt, decoder = self._entered, self._decoder
        body = attempt.body
        while (text := await body.read()) is not None:
            if wait := attempt.hold(decoder.held + len(text)):
                await wait
            elements = decoder.feed(text)
            if elements:
                if not self._handed_out:
                    self._handed_out = True
                    attempt.leave_to_reader()
                return elements
        elements, data = decoder.flush()
        self._end = (data,)
        attempt.decoded(data, decoder.notes)
        attempt.let_go_of_memory()
        return elements

    async def _recover(self, error: CurrentsError) -> None:
        """Make the next attempt go on where this one broke off, or raise."""
        broken, body = self._entered, self._entered.body
        self._attempt = None
        try:
            self._call.attempted(broken, error)
            await self._call.retry(error)
            resume = partial(self._resume, body)
            self._attempt, is_resumed = await self._call.attempt(resume, leave_open=True)
            if not is_resumed:
                raise self._call.outcome(error)
        except CurrentsError as final:
            self._error = final
            self._decoder = self._new_decoder()  # the error keeps us, but not half a response
            raise

    async def _resume(self, broken: Body, attempt: ApiAttempt) -> tuple[ApiAttempt, bool]:
        """Open an attempt, and return with it whether it can be read on from there."""
        await attempt.run(attempt.open)
        return attempt, await attempt.run(partial(self._take_over, broken, attempt))

    async def _take_over(self, broken: Body, attempt: ApiAttempt) -> bool:
        # From memory, all of it: the task that would fetch it beside the reader has ended.
        await attempt.fetch()
        if self._handed_out:
            return await attempt.body.resume(broken)
        self._decoder = self._new_decoder()
        return True


async def _open(attempt: ApiAttempt) -> ApiAttempt:
    await attempt.run(attempt.open)
    return attempt
