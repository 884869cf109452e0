"""When a test is put into quarantine, and when it is let out: frozen settings."""

import re
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from currents_async._checks import check_flag, check_int, check_positive, check_span, check_texts
from currents_async.errors import InvalidArgumentError

_NAME = re.compile("[A-Za-z0-9._-]{1,64}")


class QuarantinePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Which tests belong in quarantine.

    A test is put there when both the tests explorer and its last results show that it fails, or is
    flaky, too often; it is let out when its last results are clean passes. Raises
    `InvalidArgumentError` for settings that cannot work.
    """

    name: str = "default"
    """Up to 64 letters, digits, `.`, `_` and `-`. Policies of different names have separate
    actions."""
    branches: Sequence[str] = ()
    """Only results of these branches count, by default of all; quarantine holds on all branches."""
    window: timedelta = timedelta(days=14)
    """How far back results count."""
    min_executions: int = 10
    """A test with fewer executions in the window, or fewer of its last results that passed or
    failed, is not judged."""
    failure_rate: float | None = 0.2
    """The share of failures, above 0 and up to 1, from which on a test is put into quarantine; None
    ignores failures."""
    flakiness_rate: float | None = 0.2
    """The same for passes after a failed attempt."""
    broken_after: int | None = 5
    """How many of the newest results in a row, passed or failed, must have failed for a test to be
    broken: quarantine would silence a bug, so it is only named. None takes it for any other."""
    last_results: int = 20
    """How many of the newest results of a test must confirm the explorer's counts."""
    lift_after: int = 10
    """How many of the newest results in a row must be clean passes, neither flaky nor skipped, for
    a test to be let out. A failure in quarantine is reported as skipped."""
    max_tests: int = 20
    """How many tests this policy may keep in quarantine at once; the worst go first. It keeps a bad
    day from silencing a whole suite. With 0, tests are only let out."""
    expires_after: timedelta | None = None
    """How long a new action applies; None is for ever."""
    max_age: timedelta | None = timedelta(days=30)
    """After how long in quarantine a test is named as overdue, since nobody mends it; None is
    never. The age is that of its action."""
    lift_overdue: bool = False
    """Whether an overdue test is let out, so that its failures count again. Its action is disabled,
    so that the test stays out until a person enables it."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or _NAME.fullmatch(self.name) is None:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(
                "QuarantinePolicy.name must be 1 to 64 letters, digits, '.', '_' or '-', "
                f"not {self.name!r}"
            )
        check_texts("QuarantinePolicy.branches", self.branches)
        check_span("QuarantinePolicy.window", self.window)
        for name in ("expires_after", "max_age"):
            if getattr(self, name) is not None:
                check_span(f"QuarantinePolicy.{name}", getattr(self, name))
        check_int("QuarantinePolicy.max_tests", self.max_tests, min_value=0)
        check_int("QuarantinePolicy.last_results", self.last_results)
        for name in ("min_executions", "lift_after"):
            count = check_int(f"QuarantinePolicy.{name}", getattr(self, name))
            if count > self.last_results:  # more than are fetched could never be reached
                raise InvalidArgumentError(
                    f"QuarantinePolicy.{name} must be at most last_results, which is "
                    f"{self.last_results}, not {count}"
                )
        if self.broken_after is not None:
            check_int("QuarantinePolicy.broken_after", self.broken_after, min_value=2)
        check_flag("QuarantinePolicy.lift_overdue", self.lift_overdue)
        if self.lift_overdue and self.max_age is None:
            raise InvalidArgumentError("QuarantinePolicy.lift_overdue needs max_age, which is None")
        self._check_rates()

    def _check_rates(self) -> None:
        rates = (self.failure_rate, self.flakiness_rate)
        if rates == (None, None):
            raise InvalidArgumentError(
                "QuarantinePolicy needs failure_rate or flakiness_rate: both are None"
            )
        for name, rate in zip(("failure_rate", "flakiness_rate"), rates, strict=True):
            if rate is not None:
                check_positive(f"QuarantinePolicy.{name}", rate, max_value=1)
