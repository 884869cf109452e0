"""The answer to a call, decoded while it arrives: as a whole, or element by element."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from currents_async._transport.api_attempt import ApiAttempt
from currents_async._transport.body import Body
from currents_async._transport.call import Call
from currents_async._transport.raw import RawResponse
from currents_async._wire.decoders import BytesDecoder, Decoder
from currents_async.errors import CurrentsError, MisuseError

E = TypeVar("E")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


async def whole_answer(
    call: Call, read: Callable[[ApiAttempt], Awaitable[T]], already: T | None = None
) -> T:
    """Make a call, and return what `read` makes of the answer: `read_decoded` or `read_raw`.

    `already` is the answer when an earlier attempt of this call turns out to have done it. Raises
    a `CurrentsError`, and nothing else.
    """
    with call:
        while True:
            attempt = await call.next_attempt()
            try:
                data = await attempt.run(partial(read, attempt))
            except CurrentsError as failure:
                error = failure
            except BaseException:
                call.attempted(attempt, None)
                raise
            else:
                call.attempted(attempt, None)
                return data
            call.attempted(attempt, error)
            try:
                if already is not None and call.was_done_before(error):
                    return already
                await call.retry(error)
            finally:
                del error  # with its traceback it would keep itself alive


async def read_decoded(new_decoder: Callable[[], Decoder[Any, T]], attempt: ApiAttempt) -> T:
    """Send the request, and decode the whole of its answer."""
    await attempt.open()
    decoder = new_decoder()
    while (piece := await attempt.read()) is not None:
        if wait := attempt.hold(max(decoder.held + len(piece), attempt.weight)):
            await wait
        decoder.feed(piece)
    _, data = decoder.flush()
    attempt.log(decoder.notes)
    return data


async def read_raw(attempt: ApiAttempt) -> RawResponse:
    """Send the request, and take its answer as it is."""
    body = await read_decoded(BytesDecoder, attempt)
    return RawResponse(status=attempt.status, headers=attempt.headers, body=body)


class ResponseStream(Generic[E, T]):
    """An async context manager: entered the call is made, left it is let go.

    An answer that breaks off goes on with that of the next attempt, where nothing has been handed
    out yet, or what has been comes again byte for byte. Raises a `CurrentsError`, and nothing
    else.
    """

    def __init__(self, call: Call, new_decoder: Callable[[], Decoder[E, T]]) -> None:
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
            self._attempt = await self._opened()
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
        """Return what is to be called once that task has ended, however it has.

        A reader of what has not arrived would wait for ever.
        """
        error = MisuseError("the task that receives the response was cancelled from outside")
        return partial(self._entered.body.fail, error)

    async def batch(self) -> list[E]:
        """Return the next elements, at least one; none once the body has ended well."""
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
        """The data of the answer without its elements, once `batch` has returned none."""
        if self._end is None:
            raise MisuseError("there is no run before the iteration has ended")
        return self._end[0]

    @property
    def _entered(self) -> ApiAttempt:
        if self._attempt is None:
            raise MisuseError("iterate inside 'async with'")
        return self._attempt

    async def _opened(self) -> ApiAttempt:
        """Return an attempt that is answered with a success."""
        while True:
            attempt = await self._call.next_attempt()
            try:
                await attempt.run(attempt.open)
            except CurrentsError as failure:
                error = failure
            except BaseException:
                self._call.attempted(attempt, None)
                raise
            else:
                return attempt
            self._call.attempted(attempt, error)
            try:
                await self._call.retry(error)
            finally:
                del error

    async def _next(self) -> list[E]:
        attempt, decoder = self._entered, self._decoder
        while (piece := await attempt.read()) is not None:
            if wait := attempt.hold(decoder.held + len(piece)):
                await wait
            elements = decoder.feed(piece)
            if elements:
                if not self._handed_out:
                    self._handed_out = True
                    attempt.leave_to_reader()
                return elements
        elements, data = decoder.flush()
        self._end = (data,)
        attempt.log(decoder.notes)
        attempt.let_go_of_memory()
        return elements

    async def _recover(self, error: CurrentsError) -> None:
        """Make the next attempt go on where this one broke off, or raise."""
        broken = self._entered.body
        try:
            while True:
                self._call.attempted(self._entered, error)
                self._attempt = None
                await self._call.retry(error)
                attempt = self._attempt = await self._opened()
                try:
                    resumed = await attempt.run(partial(self._take_over, attempt, broken))
                except CurrentsError as failure:
                    error = failure
                    continue
                if not resumed:
                    raise self._call.outcome(error)
                return
        except CurrentsError as final:
            self._error = final
            self._decoder = self._new_decoder()  # the error keeps us, but not half an answer
            raise

    async def _take_over(self, attempt: ApiAttempt, broken: Body) -> bool:
        """Prepare to read on; say whether that is possible."""
        # From memory, all of it: the task that would fetch it beside the reader is gone.
        await attempt.fetch()
        if self._handed_out:
            return await attempt.body.resume(broken)
        self._decoder = self._new_decoder()
        return True
