"""Instances: what GET /instances/{instanceId} answers.

Source: `openapi-runs-instances.json`, and the published samples where they say more.
"""

from datetime import UTC, datetime

from msgspec import field

from currents_async.models._model import Model
from currents_async.models.common import Commit, Outcome, Platform, Screenshot, Stats, Worker

__all__ = [
    "Attachment",
    "Attempt",
    "AttemptError",
    "Claim",
    "CodeFrame",
    "Instance",
    "InstanceFramework",
    "InstanceReport",
    "InstanceTest",
    "Location",
    "Trace",
    "Video",
]


class CodeFrame(Model, frozen=True, gc=False, kw_only=True):
    """The lines of source around an error."""

    line: int | None = None
    column: int | None = None
    frame: str | None = None
    """The lines themselves, numbered, with a caret below the column."""
    file: str | None = None
    """Playwright only."""
    original_file: str | None = None
    """Cypress only, like the two below."""
    relative_file: str | None = None
    absolute_file: str | None = None
    language: str | None = None


class Location(Model, frozen=True, gc=False, kw_only=True):
    """A place in a source file."""

    file: str | None = None
    line: int | None = None
    column: int | None = None


class AttemptError(Model, frozen=True, gc=False, kw_only=True):
    """Why an attempt failed."""

    name: str | None = None
    message: str | None = None
    stack: str | None = None
    code_frame: CodeFrame | None = None
    location: Location | None = None

    @property
    def first_line(self) -> str:
        """The first line of the message, or of the stack where there is no message."""
        text = (self.message or self.stack or self.name or "").strip()
        return text.splitlines()[0] if text else ""


class Attempt(Model, frozen=True, gc=False, kw_only=True):
    """One attempt at a test."""

    attempt_id: str | None = None
    """Playwright only."""
    state: Outcome | None = None
    raw_status: str | None = None
    """Playwright's own word for the outcome, for example `timedOut`."""
    error: AttemptError | None = None
    wall_clock_started_at: datetime | None = None
    wall_clock_duration: int | None = None
    """Milliseconds."""
    video_timestamp: int | float | None = None
    """Milliseconds from the start of the video; Cypress only."""
    worker_index: int | None = None
    parallel_index: int | None = None


class InstanceTest(Model, frozen=True, gc=False, kw_only=True):
    """One test of a spec file, with all its attempts."""

    test_id: str = ""
    title: tuple[str, ...] = ()
    """The titles of the suites around the test, then its own."""
    original_title: tuple[str, ...] = ()
    """Playwright only."""
    state: Outcome | None = None
    body: str | None = None
    """The source of the test; Cypress only."""
    display_error: str | None = None
    flaky: bool | None = field(default=None, name="isFlaky")
    """What the server says, where it does: read `is_flaky`."""
    tags: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()

    @property
    def full_title(self) -> str:
        """The title in one line, outermost suite first."""
        return " > ".join(self.title)

    @property
    def failed(self) -> bool:
        """Whether the last attempt failed."""
        return self.state == Outcome.FAILED

    @property
    def is_flaky(self) -> bool:
        """Whether the test passed only after a failed attempt.

        The server's own word where it sends one (Playwright), else counted from the attempts.
        """
        if self.flaky is not None:
            return self.flaky
        return self.state == Outcome.PASSED and any(
            attempt.state == Outcome.FAILED for attempt in self.attempts
        )

    @property
    def error(self) -> AttemptError | None:
        """The error of the last attempt that has one."""
        return next((attempt.error for attempt in reversed(self.attempts) if attempt.error), None)


class Video(Model, frozen=True, gc=False, kw_only=True):
    """The video of one attempt of one test; Playwright only."""

    test_id: str | None = None
    test_attempt_index: int | None = None
    """Counts from 0."""
    video_url: str | None = None
    """Signed, on another host, and good for 2 hours after the answer."""


class Trace(Model, frozen=True, gc=False, kw_only=True):
    """The Playwright trace of one attempt of one test."""

    trace_id: str | None = None
    name: str | None = None
    test_id: str | None = None
    test_attempt_index: int | None = None
    """Counts from 0."""
    trace_url: str | None = field(default=None, name="traceURL")
    """Signed, on another host, and good for 2 hours after the answer."""


class Attachment(Model, frozen=True, gc=False, kw_only=True):
    """A file that one attempt of one test attached; Playwright only."""

    name: str | None = None
    filename: str | None = None
    content_type: str | None = None
    test_id: str | None = None
    test_attempt_index: int | None = None
    """Counts from 0."""
    read_url: str | None = None
    """Signed, on another host, and good for 2 hours after the answer."""


class Claim(Model, frozen=True, gc=False, kw_only=True):
    """A machine taking the spec file on."""

    machine_id: str | None = None
    t: int | None = None
    """Milliseconds since the epoch: read `at`."""

    @property
    def at(self) -> datetime | None:
        """When."""
        return None if self.t is None else datetime.fromtimestamp(self.t / 1000, UTC)


class InstanceFramework(Model, frozen=True, gc=False, kw_only=True):
    """The test framework of an instance; for Cypress see `Instance.cypress_version`."""

    type: str | None = None
    """For example `pw`."""
    version: str | None = None
    client_version: str | None = None
    """The version of the reporter that Currents publishes."""


class InstanceReport(Model, frozen=True, gc=False, kw_only=True):
    """What one execution reported: its tests, and the artifacts they left behind."""

    stats: Stats | None = None
    exception: str | None = None
    """What stopped the whole file, where something did."""
    flaky: int = 0
    tests: tuple[InstanceTest, ...] = ()
    screenshots: tuple[Screenshot, ...] = ()
    video_url: str | None = None
    """The video of the whole file: signed, good for 2 hours after the answer; Cypress only."""
    videos: tuple[Video, ...] = ()
    playwright_traces: tuple[Trace, ...] = ()
    attachments: tuple[Attachment, ...] = ()


class Instance(Model, frozen=True, gc=False, kw_only=True):
    """One execution of one spec file within a run."""

    instance_id: str
    run_id: str | None = None
    group_id: str | None = None
    project_id: str | None = None
    spec: str = ""
    """The path of the spec file."""
    signature: str | None = None
    machine_id: str | None = None
    created_at: datetime | None = None
    claimed_at: datetime | None = None
    completed_at: datetime | None = None
    updated_at: datetime | None = field(default=None, name="_t")
    cypress_version: str | None = None
    """Cypress only."""
    framework: InstanceFramework | None = None
    """Playwright only."""
    platform: Platform | None = None
    worker: Worker | None = None
    """Playwright only."""
    commit: Commit | None = None
    tags: tuple[str, ...] = ()
    claim_list: tuple[Claim, ...] = ()
    results: InstanceReport | None = None
    """None until the file has been executed."""

    @property
    def tests(self) -> tuple[InstanceTest, ...]:
        """The tests, or none while there are no results."""
        return () if self.results is None else self.results.tests

    @property
    def failed(self) -> bool:
        """Whether a test failed, or the file itself threw."""
        if self.results is None:
            return False
        return self.results.exception is not None or any(test.failed for test in self.tests)
