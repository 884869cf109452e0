"""A call: attempts one after the other, until one succeeds or no other makes sense."""

import math
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from currents_async._transport.api_attempt import ApiAttempt
from currents_async._transport.attempt import HTTPAttempt
from currents_async._transport.channel import Channel
from currents_async._transport.gate import NOTHING_HEEDED, Heeded
from currents_async._transport.options import CallOptions
from currents_async._transport.retry import RetryDecision, classify, may_have_happened
from currents_async._transport.retry_state import RetryState
from currents_async._transport.tracing import ObservedCall, RequestCall
from currents_async._wire.endpoint import Request
from currents_async.errors import (
    AmbiguousError,
    APIError,
    CurrentsError,
    RequestInfo,
    UnauthorizedError,
)

AttemptT = TypeVar("AttemptT", bound=HTTPAttempt)
T = TypeVar("T")


class Call(ABC, Generic[AttemptT]):
    """What all attempts of one call share; a context manager around them."""

    # Of the class until they change: each attribute that is set costs each request.
    _retries: RetryState | None = None
    _observed: ObservedCall | None = None
    attempts: int = 0
    """Attempts so far."""
    _renewals: int = 0
    """How many of them lacked only what was renewed then: they do not count."""

    def __init__(self, channel: Channel, options: CallOptions) -> None:
        self._channel = channel
        self._options = options

    def __enter__(self) -> Self:
        self._observed = self._channel.tracing.began(self._describe, self._channel.clock)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None and (self._retries is not None or not self._channel.quota.is_full):
            taken = 0 if self._retries is None else self._retries.taken
            self._channel.quota.give_back(taken)
        if self._observed is not None:
            self._observed.ended(exc)

    async def attempt(
        self,
        step: Callable[[AttemptT], Awaitable[T]],
        *,
        already: T | None = None,
        leave_open: bool = False,
    ) -> T:
        """Make attempts until `step` succeeds with one, and return what it returns.

        `already` is returned instead when the server refuses an attempt because an earlier one has
        done the work. With `leave_open` the caller lets go of the attempt, by `attempted`. Raises
        a `CurrentsError`, or what `step` raises besides.
        """
        while True:
            self.attempts += 1
            attempt = self._new_attempt()
            try:
                await attempt.begin()
                result = await step(attempt)
            except CurrentsError as failure:
                error = failure
            except BaseException:
                self.attempted(attempt, None)
                raise
            else:
                if not leave_open:
                    self.attempted(attempt, None)
                return result
            self.attempted(attempt, error)
            try:
                if not attempt.was_sent:
                    raise self.outcome(error)
                if already is not None and self._was_done_before(error):
                    return already
                if not await self._renewed(attempt):
                    await self.retry(error)
            finally:
                del error  # with its traceback it would keep itself alive

    def attempted(self, attempt: AttemptT, error: CurrentsError | None) -> None:
        """Note how an attempt ended, and let go of it; its error loses what must not be shown."""
        if error is not None:
            _redact(error, attempt.redact)
        if self._observed is not None and attempt.was_sent:
            self._observed.attempted(partial(attempt.record, error=error))
            attempt.log_headers()
        attempt.close()

    async def retry(self, error: CurrentsError) -> None:
        """Wait until the next attempt may begin; raise the error if there must be none."""
        delay = self._delay(error)
        try:
            if delay is None:
                raise self.outcome(error)
        finally:
            del error
        if delay:
            await self._channel.gate.sleep(delay)

    def outcome(self, error: CurrentsError) -> CurrentsError:
        """Return the error to raise, without a traceback of where it comes from."""
        return error.with_traceback(None)

    @abstractmethod
    def _new_attempt(self) -> AttemptT: ...

    @abstractmethod
    def _info(self) -> RequestInfo: ...

    def _delay(self, error: CurrentsError) -> float | None:
        """Return the seconds to wait before the next attempt, or None if there must be none.

        What another host than the API's asks for delays no call but this.
        """
        return self._retry_state().delay(
            error,
            classify(error, repeatable=True),
            tried=self.attempts - self._renewals,
            ends_at=self._options.deadline,
        )

    async def _renewed(self, attempt: AttemptT) -> bool:  # noqa: ARG002 - for subclasses
        """Return whether what an attempt lacked is there now, so that the next one can begin."""
        return False

    def _was_done_before(self, error: CurrentsError) -> bool:  # noqa: ARG002 - for subclasses
        """Return whether an attempt is refused because an earlier one has done the work."""
        return False

    def _retry_state(self) -> RetryState:
        if self._retries is None:
            self._retries = RetryState(self._channel, self._options.retries)
        return self._retries

    def _describe(self) -> RequestCall:
        info = self._info()
        return RequestCall(
            number=next(self._channel.numbers),
            operation=info["operation"],
            method=info["method"],
            # The caller may have passed the key as an ID.
            url=self._channel.redact(info["url"]),
        )


class ApiCall(Call[ApiAttempt]):
    """A call of one operation of the API."""

    _stopped_at: float = math.inf
    _heeded: Heeded = NOTHING_HEEDED
    _is_renewed: bool = False
    """Whether the last attempt was refused for its key, and there is another one."""
    _may_be_done: bool = False
    """Whether an attempt before the last may have been carried out."""

    def __init__(
        self,
        channel: Channel,
        request: Request[Any],
        options: CallOptions,
        *,
        streamed: bool = False,
        kind: type[ApiAttempt] = ApiAttempt,
    ) -> None:
        super().__init__(channel, options)
        self._kind = kind
        self._request = request
        self._streamed = streamed

    def stop_clock(self) -> None:
        """Note that the time from now on is the reader's."""
        self._stopped_at = self._channel.clock.now()

    def restart_clock(self) -> None:
        """Add the time that the reader took to the deadline: it is not the call's."""
        taken = max(0.0, self._channel.clock.now() - self._stopped_at)
        self._stopped_at = math.inf
        if taken:
            self._options = self._options.extended(taken)

    def outcome(self, error: CurrentsError) -> CurrentsError:
        """Return the error to raise: an `AmbiguousError` if an earlier attempt may have worked."""
        error = super().outcome(error)
        if self._request.endpoint.repeatable or not self._may_be_done:
            return error
        if classify(error, repeatable=False) is RetryDecision.GIVE_UP:
            return error
        return AmbiguousError(
            f"it may have been carried out, or not: {error.args[0]}", **self._info(), error=error
        )

    def _new_attempt(self) -> ApiAttempt:
        return self._kind(
            self._channel, self._request, self._info(), self._options, streamed=self._streamed
        )

    async def _renewed(self, attempt: ApiAttempt) -> bool:
        """Get another key for one that was refused; not twice in a row.

        Where a refusal means that the key has been revoked as asked, another one is not to be.
        """
        is_asked_for = self._request.endpoint.already is UnauthorizedError
        is_first = attempt.is_unauthorized and not self._is_renewed and not is_asked_for
        self._is_renewed = is_first and await attempt.replace_key()
        self._renewals += self._is_renewed
        return self._is_renewed

    def _was_done_before(self, error: CurrentsError) -> bool:
        already = self._request.endpoint.already
        return self._may_be_done and already is not None and isinstance(error, already)

    def attempted(self, attempt: ApiAttempt, error: CurrentsError | None) -> None:
        """Note how an attempt ended, and what its response means for the next one."""
        self._heeded = attempt.heeded
        super().attempted(attempt, error)

    def _delay(self, error: CurrentsError) -> float | None:
        self._may_be_done = self._may_be_done or may_have_happened(error)
        repeatable = self._request.endpoint.repeatable or self._options.repeat_writes
        delay = self._retry_state().delay(
            error,
            classify(error, repeatable=repeatable),
            tried=self.attempts - self._renewals,
            ends_at=self._options.deadline,
            at_least=self._channel.gate.delay(),
            heeded=self._heeded,
        )
        asked = isinstance(error, APIError) and error.retry_after is not None
        # A pause that the server asked for is kept at the gate, by all calls.
        return 0.0 if asked and delay is not None else delay

    def _info(self) -> RequestInfo:
        endpoint = self._request.endpoint
        return RequestInfo(
            operation=endpoint.operation,
            method=endpoint.method,
            url=self._channel.base_url + self._request.target,
            attempts=self.attempts,
        )


def _redact(error: CurrentsError, hide: Callable[[str], str]) -> None:
    """Take secrets out of all that an error says, in case the server has quoted them."""
    error.args = tuple(hide(arg) if isinstance(arg, str) else arg for arg in error.args)
    for name, value in vars(error).items():
        if isinstance(value, str):
            setattr(error, name, hide(value))
