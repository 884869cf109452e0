"""A limit over a long window: how many requests it takes, and not one after them in vain: pure."""

_MOST_EXTRA = 64


class Window:
    """The requests that may be sent until the window ends.

    They are sent as fast as may be, since the window is as long however we use it. One more is
    tried afterwards: its refusal says when the window ends; if it passes, two more, then four.
    """

    def __init__(self) -> None:
        self.size: int | None = None
        """Requests that the last window took; None while no window is known."""
        self._sent = 0
        self._extra = 1

    def may_send(self, in_flight: int) -> bool:
        """Return whether another request may be sent now."""
        return self.size is None or self._sent < self.size or in_flight < self._extra

    def left(self) -> None:
        """Note that a request has been sent."""
        self._sent += 1

    def accepted(self) -> None:
        """Note a response that is not a refusal."""
        if self.size is not None and self._sent > self.size:
            self._extra = min(2 * self._extra, _MOST_EXTRA)

    def began(self, size: int | None) -> None:
        """Note that a window begins now, and what the one before it took."""
        self.size = size
        self.reopened()

    def reopened(self) -> None:
        """Count from the beginning."""
        self._sent = 0
        self._extra = 1
