"""Whether refusals and failures mean that too much is sent, where they do not say so: pure."""

_LAST = (1 << 48) - 1
_SEVERAL = 2
"""Failures among the last 48 responses that may be due to load, each of them."""
_WEIGHT = 3
"""Successes that make up for a failure: of what fails by chance there are more."""
MANY_EXCUSED = 6
"""Failures of one call that do not count as attempts because others failed too."""
_FEW_EXCUSED = 2
"""The same while others pass, which may also mean that its resource fails."""
_MANY = 3
_TOO_MANY = 5


class Overload:
    """The failures that successes do not make up for: a few are strays, many are a limit.

    Behind a limit, most of what comes after the first refusal is refused too. What fails by chance
    is mixed with what passes, however slowly it is sent. So each failure counts until three
    responses have passed for it (a CUSUM chart).
    """

    def __init__(self) -> None:
        self._last = 0
        self._excess = 0
        self._accepted_then = 0
        self._others_pass = False

    def accepted(self) -> None:
        """Note a response that is no failure."""
        self._last = self._last << 1 & _LAST
        self._excess = max(0, self._excess - 1)

    def refused(self) -> None:
        """Note a refusal, or a failure that may be one."""
        self._last = (self._last << 1 | 1) & _LAST
        self._excess += _WEIGHT

    def failed(self, accepted: int, *, is_first: bool) -> None:
        """Note a failure; `accepted` counts all successes.

        A retry is evidence only if nothing has passed since the last failure: while others pass,
        it may be its resource that fails. Before anything has passed, the service is down.
        """
        self._others_pass = accepted > self._accepted_then
        self._accepted_then = accepted
        if accepted and (is_first or not self._others_pass):
            self.refused()
        else:
            self._last = self._last << 1 & _LAST

    def begin_anew(self) -> None:
        """Forget what meant a limit, after a pause."""
        self._excess = 0

    @property
    def is_over(self) -> bool:
        """Whether all failures have been made up for."""
        return not (self._last or self._excess)

    @property
    def excused(self) -> int:
        """How many failures of one call may be due to load, as far as the last one tells.

        Many, if it was not the only one of late; a few, while others pass: then the service is up.
        """
        if self._last.bit_count() >= _SEVERAL:
            return MANY_EXCUSED
        return _FEW_EXCUSED if self._others_pass else 0

    @property
    def is_likely(self) -> bool:
        """Whether failures are refusals."""
        return self.refusals >= _MANY

    @property
    def is_certain(self) -> bool:
        """Whether there is a limit."""
        return self.refusals >= _TOO_MANY

    @property
    def refusals(self) -> int:
        """The recent ones that nothing has made up for."""
        return self._excess // _WEIGHT
