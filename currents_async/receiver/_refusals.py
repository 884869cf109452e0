"""What has been refused, in the log: enough to find out why, however many strangers knock."""

import logging

from currents_async._clock import Clock

_MAX_LINES = 60
_PERIOD = 60.0


class RefusalLog:
    """Writes a line for each delivery that was refused, but no more than 60 a minute."""

    def __init__(self, logger: logging.Logger, clock: Clock) -> None:
        self._logger = logger
        self._clock = clock
        self._began = clock.now()
        self._refused = 0

    def note(self, status: int, reason: str) -> None:
        """Log a refusal; the first one of a period says how many were left out before it."""
        if self._clock.now() - self._began >= _PERIOD:
            self._note_omitted()
            self._began, self._refused = self._clock.now(), 0
        self._refused += 1
        if self._refused <= _MAX_LINES:
            self._logger.warning("refused a delivery with %d: %s", status, reason)

    def _note_omitted(self) -> None:
        omitted = self._refused - _MAX_LINES
        if omitted > 0:
            self._logger.warning("refused %d deliveries more without a line for each", omitted)
