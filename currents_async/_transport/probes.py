"""When to ask a server again that has had enough, and does not say for how long: pure."""

_FIRST_PAUSE = 0.25
"""Seconds; half as long again after each that was too short."""
_GROWTH = 1.5
_MAX_PAUSE = 16.0
_PARTS = 4
"""Into how many parts a span is cut within which a window is known to end."""
_MAX_IN_VAIN = 8
"""Failures of requests that were sent alone, some twelve seconds, after which a service is down."""


class Probes:
    """Requests that are sent alone, one after the other, until one passes.

    They also tell how long a window lasts, ever better from window to window.
    """

    def __init__(self) -> None:
        self.are_sent: bool = False
        self._in_vain = 0
        self._pause = _FIRST_PAUSE
        self._began = 0.0
        """When the window began that has to end."""
        self._failed_after = 0.0
        """Seconds after which a window had not ended, and after which it had."""
        self._passed_after = 0.0
        self._step = 0.0
        """Seconds between probes within that span; 0 where no window is known."""

    @property
    def are_over(self) -> bool:
        """Whether so many were in vain that the service is down."""
        return self._in_vain >= _MAX_IN_VAIN

    def first(self, now: float, *, began: float, is_window: bool) -> float:
        """Return when to send the first one, after a window that began at a time if it is one."""
        self._began = began
        if not is_window:
            self._failed_after = self._passed_after = 0.0
        self._step = (self._passed_after - self._failed_after) / _PARTS
        return max(now + _FIRST_PAUSE, began + self._failed_after + self._step)

    def failed(self, now: float) -> float:
        """Note a failure, and return when to send the next one."""
        self._in_vain += 1
        self._failed_after = now - self._began
        if self._step and self._failed_after < self._passed_after:
            return now + self._step
        self._pause = min(_MAX_PAUSE, _GROWTH * self._pause)
        return now + self._pause

    def passed(self, now: float) -> None:
        """Note that one has passed."""
        self._passed_after = now - self._began
        self.end()

    def end(self) -> None:
        """Send no more of them."""
        self.are_sent = False
        self._in_vain = 0
        self._pause = _FIRST_PAUSE

    def others_pass(self) -> None:
        """Note that other requests pass meanwhile, so that none was in vain."""
        self._in_vain = 0
