"""One request and its answer, decoded while it arrives."""

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from http import HTTPStatus
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

import aiohttp

from currents_async._transport.body import Body
from currents_async._transport.faults import FOREIGN, transport_error
from currents_async._transport.traffic import Traffic
from currents_async._wire.failure import Sent, body_error, status_error
from currents_async._wire.faults import BodyFault
from currents_async.errors import CurrentsError

E = TypeVar("E")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_ERROR_BODY_LIMIT = 64 * 1024


class Decoder(Protocol[E, T_co]):
    """A push decoder: elements as they become complete, the rest at the end."""

    def feed(self, piece: bytes, /) -> list[E]: ...
    def flush(self) -> tuple[list[E], T_co]: ...


class Answer(Generic[E, T]):
    """An async context manager around one exchange: entered it is sent, left it is let go.

    Raises a `CurrentsError`, and nothing else. Errors are raised here and not where they were
    found, so that they drag along no frame of aiohttp's: those hold the headers of the request.
    """

    def __init__(
        self,
        send: Callable[[], Awaitable[aiohttp.ClientResponse]],
        decoder: Decoder[E, T],
        *,
        sent: Sent,
        body_limit: int,
        traffic: Traffic,
        redact: Callable[[str], str],
        first_slice: int,
    ) -> None:
        self._send = send
        self._decoder = decoder
        self._sent = sent
        self._body_limit = body_limit
        self._traffic = traffic
        self._redact = redact
        self._first_slice = first_slice
        self._response: aiohttp.ClientResponse | None = None
        self._body: Body | None = None
        self._end: tuple[T] | None = None

    async def __aenter__(self) -> Self:
        try:
            error = await self._open()
        except BaseException:
            self._let_go()
            raise
        if error is not None:
            self._let_go()
            raise self._redacted(error)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._let_go()

    def _let_go(self) -> None:
        """Give the connection back, or close it when there is more to come."""
        if self._body is not None:
            self._body.close()
        if self._response is not None:
            self._response.release()

    def prefetch(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return what takes the body off the network, to be run in a task beside the reader."""
        return self._entered_body.prefetch()

    async def batch(self) -> list[E]:
        """Return the next elements, at least one; none once the body has ended well."""
        if self._end is not None:
            return []
        outcome = await self._next()
        if isinstance(outcome, CurrentsError):
            raise self._redacted(outcome)
        return outcome

    @property
    def data(self) -> T:
        """The data of the answer without its elements, once `batch` has returned none."""
        if self._end is None:
            raise RuntimeError("the answer has not ended yet")
        return self._end[0]

    @property
    def _entered_body(self) -> Body:
        if self._body is None:
            raise RuntimeError("the answer has not been entered")
        return self._body

    async def _open(self) -> CurrentsError | None:
        """Send the request and await the headers; return the error if they are no success."""
        try:
            self._response = response = await self._send()
            if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                self._body = Body(
                    response, self._body_limit, self._traffic, first=self._first_slice
                )
                return None
            text = await self._read_error(response)
            return status_error(self._sent, response.status, response.headers, text)
        except FOREIGN as exception:
            return transport_error(self._sent, exception)
        except BodyFault as fault:
            return self._body_error(fault)

    async def _next(self) -> list[E] | CurrentsError:
        body = self._entered_body
        try:
            while (piece := await body.read()) is not None:
                elements = self._decoder.feed(piece)
                if elements:
                    return elements
            elements, data = self._decoder.flush()
        except FOREIGN as exception:
            return transport_error(self._sent, exception)
        except BodyFault as fault:
            return self._body_error(fault)
        self._end = (data,)
        return elements

    def _body_error(self, fault: BodyFault) -> CurrentsError:
        if self._response is None:
            raise fault  # a body has a response
        return body_error(self._sent, self._response.status, self._response.headers, fault)

    async def _read_error(self, response: aiohttp.ClientResponse) -> bytes:
        """Read what can be read of an error's body: the status is known, and worth more."""
        text = bytearray()
        with suppress(BodyFault, *FOREIGN):
            body = Body(response, _ERROR_BODY_LIMIT, self._traffic)
            while (piece := await body.read()) is not None:
                text += piece
        return bytes(text)

    def _redacted(self, error: CurrentsError) -> CurrentsError:
        """Take the key out of everything the error says, should someone have quoted it."""
        redact = self._redact
        error.args = tuple(redact(arg) if isinstance(arg, str) else arg for arg in error.args)
        for name, value in vars(error).items():
            if isinstance(value, str):
                setattr(error, name, redact(value))
        return error.with_traceback(None)
