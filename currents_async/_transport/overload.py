"""Whether failures mean that the service is overloaded: pure."""

_LAST = (1 << 16) - 1
_MANY = 3
"""Failures among the last 16 responses that mean overload."""
_SEVERAL = 2
"""Failures that may mean it."""


class Overload:
    """The last responses: one failure among them is one, many are a limit."""

    def __init__(self) -> None:
        self._failures = 0
        self._accepted_then = 0

    def accepted(self) -> None:
        """Note a response that is no failure."""
        self._failures = self._failures << 1 & _LAST

    def failed(self, accepted: int, *, is_first: bool) -> bool:
        """Note a failure, and return whether there are many; `accepted` counts all successes.

        A retry is evidence only if nothing has passed since the last failure: while others pass,
        it may be its resource that fails. Before anything has passed, the service is down.
        """
        in_vain = accepted == self._accepted_then
        is_evidence = accepted > 0 and (is_first or in_vain)
        self._accepted_then = accepted
        self._failures = (self._failures << 1 | is_evidence) & _LAST
        return self._failures.bit_count() >= _MANY

    @property
    def is_possible(self) -> bool:
        """Whether the last failure was not the only one."""
        return self._failures.bit_count() >= _SEVERAL
