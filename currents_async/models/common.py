"""Parts that runs and instances share."""

from datetime import datetime
from typing import Literal

from msgspec import field

from currents_async.models._model import Model, OpenEnum, Timestamp
from currents_async.models._signed import read_expiry

__all__ = [
    "Commit",
    "Counters",
    "HTTPMethod",
    "OnError",
    "Outcome",
    "Platform",
    "Screenshot",
    "SortDirection",
    "Stats",
    "TagOperator",
    "Worker",
]

HTTPMethod = Literal["GET", "PUT", "POST", "DELETE"]
"""The methods of the API, as an argument of `Currents.request`."""

OnError = Literal["raise", "collect"]
"""Whether the first error ends a call of many requests, or comes as the `error` of its result."""

SortDirection = Literal["asc", "desc"]
"""Whether a list ascends or descends."""

TagOperator = Literal["AND", "OR"]
"""Whether all tags must match, or one of them."""


class Outcome(OpenEnum):
    """How a test or an attempt ended.

    Source: `docs/api/openapi-runs-instances.json`, "RecordedTestOutcome".
    """

    PASSED = "passed"
    FAILED = "failed"
    PENDING = "pending"
    """Skipped on purpose, as by `it.skip()`."""
    SKIPPED = "skipped"
    """Should have run, but was interrupted or never reached."""


class Counters(Model, frozen=True, gc=False, kw_only=True):
    """How many tests ended in which way. The counters do not overlap, except for `flaky`."""

    tests: int = 0
    overall: int = 0
    """Deprecated by the API in favour of `tests`; some responses have only this one."""
    passes: int = 0
    failures: int = 0
    pending: int = 0
    """Skipped on purpose."""
    skipped: int = 0
    """Interrupted, or never run."""
    flaky: int = 0
    """Passed after a failed attempt; also counted in `passes`."""
    retries: int = 0

    @property
    def total(self) -> int:
        """All tests: `tests`, or `overall` if the server sent only that."""
        return self.tests or self.overall


class Stats(Counters, frozen=True, gc=False, kw_only=True):
    """The counters and the wall-clock times of one execution of a spec file."""

    suites: int = 0
    wall_clock_started_at: Timestamp | None = None
    wall_clock_ended_at: Timestamp | None = None
    wall_clock_duration: int | None = None
    """Milliseconds."""
    started_at: Timestamp | None = None
    """Alias of `wall_clock_started_at` in some responses."""
    ended_at: Timestamp | None = None
    """Alias of `wall_clock_ended_at` in some responses."""
    duration: int | None = None
    """Alias of `wall_clock_duration` in some responses."""

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds, whichever name the server sent them under."""
        return self.duration if self.wall_clock_duration is None else self.wall_clock_duration


class Commit(Model, frozen=True, gc=False, kw_only=True):
    """The git commit under test."""

    sha: str | None = None
    branch: str | None = None
    author_name: str | None = None
    author_email: str | None = None
    message: str | None = None
    remote_origin: str | None = None
    default_branch: str | None = None


class Platform(Model, frozen=True, gc=False, kw_only=True):
    """Where the tests ran."""

    os_name: str | None = None
    os_version: str | None = None
    browser_name: str | None = None
    browser_version: str | None = None


class Worker(Model, frozen=True, gc=False, kw_only=True):
    """The Playwright worker that ran a spec file."""

    worker_index: int | None = None
    parallel_index: int | None = None


class Screenshot(Model, frozen=True, gc=False, kw_only=True):
    """A screenshot of one attempt of one test."""

    screenshot_id: str | None = None
    name: str | None = None
    test_id: str | None = None
    test_attempt_index: int | None = None
    """Counts from 0."""
    taken_at: Timestamp | None = None
    height: int | None = None
    """Pixels; Cypress only."""
    width: int | None = None
    """Pixels; Cypress only."""
    screenshot_url: str | None = field(default=None, name="screenshotURL")
    """Signed, on another host, and valid until `expires_at`."""

    @property
    def expires_at(self) -> datetime | None:
        """Until when the URL is valid; None if it does not say so."""
        return read_expiry(self.screenshot_url)
