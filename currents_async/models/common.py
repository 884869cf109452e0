"""Parts that runs and instances share."""

from datetime import datetime
from typing import Literal

from msgspec import field
from msgspec.structs import force_setattr

from currents_async.models._model import Model, OpenEnum, Timestamp
from currents_async.models._signed import read_expiry

__all__ = [
    "Commit",
    "Counters",
    "Dimensions",
    "HTTPMethod",
    "OnError",
    "Outcome",
    "Platform",
    "PullRequestEvent",
    "ReplacedCommit",
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


class PullRequestEvent(Model, frozen=True, gc=False, kw_only=True):
    """What CI said of a pull request when it started the run; each field may be missing."""

    head_ref: str | None = None
    """The source branch."""
    head_sha: str | None = None
    """Its latest commit."""
    base_ref: str | None = None
    """The target branch."""
    base_sha: str | None = None
    """Its commit."""
    pr_title: str | None = None
    html_url: str | None = None
    """The pull request, for people."""
    issue_url: str | None = None
    """The same for the API of GitHub."""
    sender_avatar_url: str | None = None
    """A picture of the person who caused the event."""
    sender_html_url: str | None = None
    """The profile of the person who caused the event."""
    pull_request_id: str | None = None
    """Azure DevOps only, like the two below."""
    pull_request_number: str | None = None
    build_source_branch: str | None = None


class ReplacedCommit(Model, frozen=True, gc=False, kw_only=True):
    """What git said of the commit before the data of a pull request replaced it (inferred).

    On a pull request that is the temporary merge commit of GitHub.
    """

    sha: str | None = None
    branch: str | None = None
    message: str | None = None


class Commit(Model, frozen=True, gc=False, kw_only=True):
    """The git commit under test."""

    sha: str | None = None
    """To report on a commit, read `head_sha`."""
    branch: str | None = None
    author_name: str | None = None
    author_email: str | None = None
    message: str | None = None
    remote_origin: str | None = None
    default_branch: str | None = None
    gha_event_data: PullRequestEvent | None = None
    """GitHub Actions only, for pull requests."""
    ado_event_data: PullRequestEvent | None = None
    """The same of Azure DevOps; that the API sends it is inferred."""
    replaced_commit_data: ReplacedCommit | None = None
    """What the pull request's data replaced in the fields above."""

    @property
    def event(self) -> PullRequestEvent | None:
        """What CI said of the pull request, whichever CI it was."""
        return self.gha_event_data or self.ado_event_data

    @property
    def head_sha(self) -> str | None:
        """The commit to report on, for example with a check on GitHub.

        On a pull request it is the latest commit of the source branch. There `sha` can be that of a
        temporary merge commit, which older reporters send.
        """
        return (self.event and self.event.head_sha) or self.sha


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


class Dimensions(Model, frozen=True, gc=False, kw_only=True):
    """The size of a picture in pixels."""

    width: int | None = None
    height: int | None = None


class Screenshot(Model, frozen=True, gc=False, kw_only=True):
    """A screenshot of one attempt of one test."""

    screenshot_id: str | None = None
    name: str | None = None
    test_id: str | None = None
    test_attempt_index: int | None = None
    """Counts from 0."""
    taken_at: Timestamp | None = None
    height: int | None = None
    """Pixels; Cypress only. Filled in from `dimensions` where it is 0 or missing, as is `width`."""
    width: int | None = None
    """Pixels; Cypress only."""
    dimensions: Dimensions | None = None
    """Cypress only."""
    screenshot_url: str | None = field(default=None, name="screenshotURL")
    """Signed, on another host, and valid until `expires_at`."""

    def __post_init__(self) -> None:
        if self.dimensions is not None:
            for name in ("height", "width"):
                if not getattr(self, name):
                    force_setattr(self, name, getattr(self.dimensions, name))

    @property
    def expires_at(self) -> datetime | None:
        """Until when the URL is valid; None if it does not say so."""
        return read_expiry(self.screenshot_url)
