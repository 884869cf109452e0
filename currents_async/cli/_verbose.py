"""`-v` and `-vv`: each request on stderr, and what the library logs."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

from currents_async import Observer, RequestAttempt, RequestCall
from currents_async.cli._streams import note
from currents_async.errors import APIError

_LOGGER = logging.getLogger("currents_async")
_HEADERS = logging.getLogger("currents_async.headers")


@contextmanager
def logging_requests(verbosity: int) -> Generator[list[Observer]]:
    """Print what is logged for as long as the context; yield what is to observe the client."""
    if not verbosity:
        yield []
        return
    handler = _Notes()
    before = _LOGGER.level, _HEADERS.level
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _HEADERS.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
    try:
        yield [_Requests()]
    finally:
        _LOGGER.removeHandler(handler)
        for logger, level in zip((_LOGGER, _HEADERS), before, strict=True):
            logger.setLevel(level)


class _Notes(logging.Handler):
    """Prints each line of a message."""

    def emit(self, record: logging.LogRecord) -> None:
        for line in record.getMessage().splitlines():
            note(line)


class _Requests(Observer):
    """Prints a line for each attempt, and why there is another one."""

    def __init__(self) -> None:
        self._failed: dict[int, str] = {}
        """Why the last attempt of a call failed, by the number of the call."""

    def attempt_ended(self, attempt: RequestAttempt) -> None:
        call, outcome = attempt.call, _outcome(attempt)
        parts = [f"{call.method} {_path(call.url)}: {outcome} in {attempt.duration * 1000:.0f} ms"]
        if attempt.attempt > 1:
            failed = self._failed.get(call.number, "unknown")
            parts += [f"attempt {attempt.attempt}, after {failed}", _wait(attempt.waited)]
        elif attempt.waited >= 1:
            parts.append(_wait(attempt.waited))
        note(", ".join(parts))
        if attempt.error is not None:
            self._failed[call.number] = outcome

    def call_ended(self, call: RequestCall, error: BaseException | None) -> None:  # noqa: ARG002 - the interface
        self._failed.pop(call.number, None)


def _outcome(attempt: RequestAttempt) -> str:
    """Return the status, and the kind of a failure that it does not tell."""
    status, error = attempt.status, attempt.error
    kind = None if error is None or isinstance(error, APIError) else type(error).__name__
    source = "from the cache" if attempt.cache == "hit" else None
    return " ".join(str(one) for one in (status, source, kind) if one is not None) or "left early"


def _wait(seconds: float) -> str:
    return f"waited {seconds:.1f} s"


def _path(url: str) -> str:
    """Return the path and the query of a URL, which has no signature."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
