"""Logs deliveries that were refused, with a limit on the lines per minute."""

import logging

from currents_async._clock import Clock

_MAX_LINES = 60
_PERIOD = 60.0


class RefusalLog:
    """Writes a line for each delivery that was refused, but at most 60 per minute."""

    def __init__(self, logger: logging.Logger, clock: Clock) -> None:
        self._logger = logger
        self._clock = clock
        self._began = clock.now()
        self._refused = 0

    def note(self, status: int, reason: str) -> None:
        """Log a refusal; before the first one of a period, log how many were left out."""
        if self._clock.now() - self._began >= _PERIOD:
            self._note_omitted()
            self._began, self._refused = self._clock.now(), 0
        self._refused += 1
        if self._refused <= _MAX_LINES:
            self._logger.warning("refused a delivery with %d: %s", status, reason)

    def _note_omitted(self) -> None:
        omitted = self._refused - _MAX_LINES
        if omitted > 0:
            self._logger.warning("refused %d more deliveries, without a line for each", omitted)
