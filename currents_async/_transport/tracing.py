"""What observers see of a client's work: each attempt, and the calls they belong to."""

import logging
from collections.abc import Callable, Iterable
from typing import Literal, ParamSpec

import msgspec

from currents_async._clock import Clock
from currents_async._transport.rate_in_use import RateInUse
from currents_async._wire.notes import Notes
from currents_async.errors import CurrentsError

P = ParamSpec("P")

CacheOutcome = Literal["hit", "miss"]

_logger = logging.getLogger("currents_async")


class Traffic(msgspec.Struct, kw_only=True):
    """Counts since the client was created."""

    requests: int = 0
    """Requests sent."""
    wire_bytes: int = 0
    """Bytes of the bodies of responses as received: compressed, without headers."""
    inflated_bytes: int = 0
    """The same bodies, decompressed."""
    cached: int = 0
    """Responses from the cache, which are in none of the other counts."""


def log_notes(operation: str, notes: Notes) -> None:
    """Log in one line what was mended in a response; a warning if something was lost."""
    if notes.lost:
        _logger.warning("%s: items left out (%d), or mended: %s", operation, notes.lost, notes)
    else:
        _logger.debug("%s: mended: %s", operation, notes)


class RequestCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of an operation, of one attempt or several."""

    number: int
    """Counts the calls of a client, from 1."""
    operation: str
    """The operationId of the API's OpenAPI document, for example `getRun`."""
    method: str
    url: str


class RequestAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a call, after it has ended. Times are in seconds."""

    call: RequestCall
    attempt: int
    """Counts the attempts of the call, from 1."""
    status: int | None
    """The HTTP status; None when no response was received."""
    request_id: str | None
    error: CurrentsError | None
    """How it failed; None for a success, and for an attempt that was cancelled or left early."""
    waited: float
    """Backoff, pauses and time in the queue, before it was sent."""
    until_headers: float | None
    """From sending to the headers of the response."""
    duration: float
    """From sending to the end, including the caller's own time between batches of a stream."""
    wire_bytes: int
    """Bytes of the response's body as received."""
    inflated_bytes: int
    cache: CacheOutcome | None = None
    """Whether the response was in the cache, if it was looked for there; a hit has no status."""

    def __str__(self) -> str:
        outcome = self.status if self.error is None else f"{type(self.error).__name__}"
        outcome = "from the cache" if self.cache == "hit" and self.error is None else outcome
        return (
            f"{self.call.operation} ({self.call.method} {self.call.url}) attempt {self.attempt}: "
            f"{outcome} in {self.duration * 1000:.1f} ms, waited {self.waited * 1000:.1f} ms, "
            f"{self.wire_bytes} bytes, {self.inflated_bytes} inflated"
        )


class Observer:
    """Base of observers: override what you want to see. What they raise is logged and ignored.

    All methods are called in the task of the call, in order; they must not block.
    """

    def call_began(self, call: RequestCall) -> None:
        """See a call before its first attempt."""

    def attempt_ended(self, attempt: RequestAttempt) -> None:
        """See an attempt that has ended, in whatever way."""

    def call_ended(self, call: RequestCall, error: BaseException | None) -> None:
        """See the end of a call: its error, a cancellation, or None for a success."""

    def rate_changed(self, rate: RateInUse) -> None:
        """See the rate in use after a limit of the server was found, has changed, or is gone."""


AttemptHook = Callable[[RequestAttempt], object]
Observers = Observer | AttemptHook | Iterable[Observer | AttemptHook]


class _OfAttempts(Observer):
    def __init__(self, hook: AttemptHook) -> None:
        self._hook = hook

    def attempt_ended(self, attempt: RequestAttempt) -> None:
        self._hook(attempt)


class Tracing:
    """All observers of a client, and the log."""

    def __init__(self, hooks: Observers | None) -> None:
        if hooks is None:
            hooks = ()
        elif isinstance(hooks, Observer) or callable(hooks):
            hooks = (hooks,)
        self._last_rate: RateInUse | None = None
        self._observers = [one if isinstance(one, Observer) else _OfAttempts(one) for one in hooks]

    def anew(self) -> "Tracing":
        """Return the same observers for another rate."""
        return Tracing(self._observers)

    def began(self, describe: Callable[[], RequestCall], clock: Clock) -> "ObservedCall | None":
        """Report a call that begins; return what reports on it, or None without any observer."""
        if not self._observers and not _logger.isEnabledFor(logging.DEBUG):
            return None
        call = describe()
        for observer in self._observers:
            _guarded(observer.call_began, call)
        return ObservedCall(self, call, clock)

    def attempted(self, attempt: RequestAttempt) -> None:
        """Report an attempt."""
        _logger.debug("%s", attempt)
        for observer in self._observers:
            _guarded(observer.attempt_ended, attempt)

    def rate_changed(self, rate: RateInUse) -> None:
        """Report a limit of the server that was found, has changed, or is gone."""
        if not rate.is_like(self._last_rate):
            self._last_rate = rate
            limit = str(msgspec.structs.replace(rate, pause_left=0.0))
            _logger.info("rate: %s", limit or "not limited any more")
        for observer in self._observers:
            _guarded(observer.rate_changed, rate)

    def paused(self, rate: RateInUse) -> None:
        """Report a pause that has begun."""
        _logger.info("%s", rate)

    def ended(self, call: RequestCall, error: BaseException | None) -> None:
        """Report the end of a call."""
        for observer in self._observers:
            _guarded(observer.call_ended, call, error)


class ObservedCall:
    """A call that is observed, and since when it waits for its next attempt."""

    def __init__(self, tracing: Tracing, call: RequestCall, clock: Clock) -> None:
        self._tracing = tracing
        self._call = call
        self._clock = clock
        self._waits_since = clock.now()

    def attempted(self, record: Callable[[RequestCall, float], RequestAttempt]) -> None:
        """Report an attempt; `record` takes the time when its waiting began."""
        attempt = record(self._call, self._waits_since)
        self._waits_since = self._clock.now()
        self._tracing.attempted(attempt)

    def ended(self, error: BaseException | None) -> None:
        """Report the end of the call."""
        self._tracing.ended(self._call, error)


def _guarded(report: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    try:
        report(*args, **kwargs)
    except Exception:
        _logger.exception("an observer raised an error; the call goes on")
