"""A call: attempts one after the other, until one succeeds or there is no sense in another."""

import math
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Self

from currents_async._config import Retries, Timeouts
from currents_async._transport.api_attempt import ApiAttempt
from currents_async._transport.channel import CallOptions, Channel
from currents_async._transport.retry import RetryDecision, classify, may_have_happened
from currents_async._transport.retry_state import RetryState
from currents_async._transport.tracing import Observed, RequestCall
from currents_async._wire.endpoint import Request
from currents_async._wire.inflate import SLICE
from currents_async.errors import AmbiguousError, APIError, CurrentsError, RequestInfo


class Call:
    """What is common to all attempts of one call; a context manager around them."""

    def __init__(
        self,
        channel: Channel,
        request: Request[Any],
        *,
        options: CallOptions,
        timeouts: Timeouts,
        retries: Retries,
        first_slice: int = SLICE,
        resumable: bool = False,
    ) -> None:
        self._channel = channel
        self._request = request
        self._options = options
        self._timeouts = timeouts
        self._first_slice = first_slice
        self._resumable = resumable
        self._attempts = 0
        self._stopped_at = math.inf
        self._is_open = False
        """Whether an attempt before the last may have been carried out."""
        self._retries = RetryState(channel, retries, ends_at=options.deadline)
        self._observed = (
            Observed(channel.tracing, channel.clock) if channel.tracing.watched else None
        )

    def __enter__(self) -> Self:
        if self._observed is not None:
            self._observed.began(self._describe)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None:
            self._retries.succeeded()
        if self._observed is not None:
            self._observed.ended(exc)

    def stop_clock(self) -> None:
        """Note that the time from now on is the reader's."""
        self._stopped_at = self._channel.clock.now()

    def restart_clock(self) -> None:
        """Give back the time that the reader took, which is not the call's."""
        taken = max(0.0, self._channel.clock.now() - self._stopped_at)
        self._stopped_at = math.inf
        if taken:
            self._options = self._options.extended(taken)
            self._retries.ends_at = self._options.deadline

    async def next_attempt(self) -> ApiAttempt:
        """Return the next attempt, whose turn it is."""
        self._attempts += 1
        attempt = ApiAttempt(
            self._channel,
            self._request,
            sent=self._sent(),
            options=self._options,
            timeouts=self._timeouts,
            first_slice=self._first_slice,
            resumable=self._resumable,
        )
        try:
            await attempt.take_turn()
        except CurrentsError as failure:
            error = failure
        else:
            return attempt
        try:
            raise self.outcome(error)
        finally:
            del error

    def attempted(self, attempt: ApiAttempt, error: CurrentsError | None) -> None:
        """Note how an attempt ended, and let go of it; its error loses what must not be shown."""
        if error is not None:
            redact(error, attempt.redact)
        if self._observed is not None:
            self._observed.attempted(partial(attempt.record, error=error))
        attempt.close()

    def was_done_before(self, error: CurrentsError) -> bool:
        """Say whether the server refuses a repetition because an earlier attempt did it."""
        already = self._request.endpoint.already
        return self._is_open and already is not None and isinstance(error, already)

    async def retry(self, error: CurrentsError) -> None:
        """Wait until there may be another attempt; raise the error when there shall be none."""
        endpoint = self._request.endpoint
        repeatable = endpoint.repeatable or self._options.repeat_writes
        decision = classify(error, repeatable=repeatable)
        delay = self._delay(error, decision)
        self._is_open = self._is_open or may_have_happened(error)
        try:
            if delay is None:
                raise self.outcome(error)
        finally:
            del error  # with its traceback it would keep itself alive
        if delay:
            await self._channel.gate.sleep(delay)

    def outcome(self, error: CurrentsError) -> CurrentsError:
        """Return the error to be raised, without a trace of where it comes from."""
        error = error.with_traceback(None)
        if (
            self._request.endpoint.repeatable
            or classify(error, repeatable=False) is RetryDecision.GIVE_UP
        ):
            return error
        if not self._is_open:
            return error
        return AmbiguousError(
            f"it may have been carried out, or not: {error.args[0]}", **self._sent(), error=error
        )

    def _delay(self, error: CurrentsError, decision: RetryDecision) -> float | None:
        """Return the seconds of backoff, or None when there shall be no other attempt."""
        delay = self._retries.delay(
            error, decision, tried=self._attempts, at_least=self._channel.gate.delay()
        )
        asked = isinstance(error, APIError) and error.retry_after is not None
        # A pause that the server asked for is kept at the gate, by everybody.
        return 0.0 if asked and delay is not None else delay

    def _describe(self) -> RequestCall:
        sent = self._sent()
        return RequestCall(
            number=next(self._channel.numbers),
            operation=sent["operation"],
            method=sent["method"],
            # Somebody may have taken the key for an ID.
            url=self._channel.redact(sent["url"]),
        )

    def _sent(self) -> RequestInfo:
        endpoint = self._request.endpoint
        return RequestInfo(
            operation=endpoint.operation,
            method=endpoint.method,
            url=self._channel.base_url + self._request.target,
            attempts=self._attempts,
        )


def redact(error: CurrentsError, hide: Callable[[str], str]) -> None:
    """Take the key out of everything the error says, should someone have quoted it."""
    error.args = tuple(hide(arg) if isinstance(arg, str) else arg for arg in error.args)
    for name, value in vars(error).items():
        if isinstance(value, str):
            setattr(error, name, hide(value))
