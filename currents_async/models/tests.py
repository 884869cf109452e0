"""Tests over a span of time, and their signatures: GET /tests/{projectId}, POST /signature/test.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from currents_async.models._model import Model, Timestamp

__all__ = [
    "AnnotationFilter",
    "ExploredTest",
    "ExploredTestMetrics",
    "MetricSettings",
    "TestOrder",
    "TestSignature",
    "TestState",
]

TestOrder = Literal[
    "failures",
    "passes",
    "flakiness",
    "flakinessXSamples",
    "failRateXSamples",
    "duration",
    "durationDelta",
    "flakinessRateDelta",
    "failureRateDelta",
    "durationXSamples",
    "executions",
    "title",
]
"""What tests are sorted by, as an argument of `tests.list`."""

TestState = Literal["passed", "failed", "pending", "skipped"]
"""How a test ended, as an argument of `tests.list` and `test_results.list`."""


class AnnotationFilter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An annotation that tests must have, as an argument of `tests.list` and `test_results.list`.

    Without a `description`, any description matches; with several, any of them.
    """

    type: str
    description: str | Sequence[str] | None = None


class MetricSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Which outcomes count for which metric, as an argument of `tests.list`.

    A metric that is left out is counted as the server does by default.
    """

    executions: Sequence[TestState] | None = None
    avg_duration: Sequence[TestState] | None = None
    flakiness_rate: Sequence[TestState] | None = None
    failure_rate: Sequence[TestState] | None = None


class ExploredTestMetrics(Model, frozen=True, gc=False, kw_only=True):
    """How the executions of a test went. Rates are from 0 to 1."""

    executions: int = 0
    failures: int = 0
    """Failed or skipped: interrupted, or never run."""
    ignored: int = 0
    """Pending: skipped on purpose."""
    passes: int = 0
    flaky: int = 0
    flakiness_rate: float | None = None
    failure_rate: float | None = None
    avg_duration_ms: float | None = None
    avg_duration: float | None = None
    """Alias of `avg_duration_ms` in some responses."""
    flakiness_volume: float | None = None
    failure_volume: float | None = None
    duration_volume: float | None = None

    @property
    def duration_ms(self) -> float | None:
        """The average in milliseconds, whichever name the server sent it under."""
        return self.avg_duration if self.avg_duration_ms is None else self.avg_duration_ms


class ExploredTest(Model, frozen=True, gc=False, kw_only=True):
    """A test and its metrics."""

    title: str = ""
    title_path: tuple[str, ...] = ()
    """The titles of the suites around the test, then its own; not in all responses."""
    signature: str | None = None
    """The first argument of `test_results.list`."""
    spec: str = ""
    """The path of the spec file."""
    metrics: ExploredTestMetrics = ExploredTestMetrics()
    latest_tag: tuple[str, ...] | str | None = None
    """As the server sends it: read `latest_tags`."""
    last_seen: Timestamp | None = None

    @property
    def latest_tags(self) -> tuple[str, ...]:
        """The tags of the latest execution."""
        if isinstance(self.latest_tag, str):
            return (self.latest_tag,)
        return self.latest_tag or ()


class TestSignature(Model, frozen=True, gc=False, kw_only=True):
    """The signature that identifies a test within a project."""

    __test__ = False  # pytest would take a class called Test… for tests

    signature: str
    """The first argument of `test_results.list`."""
