"""Spec files over a span of time: the responses of GET /spec-files/{projectId}.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from typing import Literal

from currents_async.models._model import Model

__all__ = ["SpecFile", "SpecFileMetrics", "SpecFileOrder"]

SpecFileOrder = Literal[
    "avgDuration",
    "failedExecutions",
    "failureRate",
    "flakeRate",
    "flakyExecutions",
    "fullyReported",
    "overallExecutions",
    "suiteSize",
    "timeoutExecutions",
    "timeoutRate",
]
"""What spec files are sorted by, as an argument of `spec_files.list`."""


class SpecFileMetrics(Model, frozen=True, gc=False, kw_only=True):
    """How the executions of a spec file went. Rates are shares of all executions, from 0 to 1."""

    overall_executions: int = 0
    failed_executions: int = 0
    flaky_executions: int = 0
    timeout_executions: int = 0
    fully_reported: int = 0
    """Executions whose tests have all been reported."""
    suite_size: int = 0
    """The number of its tests."""
    avg_duration: float | None = None
    """In a unit that the API does not document; failed executions count only on request."""
    failure_rate: float | None = None
    flake_rate: float | None = None
    timeout_rate: float | None = None


class SpecFile(Model, frozen=True, gc=False, kw_only=True):
    """A spec file and its metrics."""

    signature: str | None = None
    spec: str = ""
    """The path of the spec file."""
    metrics: SpecFileMetrics = SpecFileMetrics()
