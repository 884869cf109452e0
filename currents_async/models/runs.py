"""Runs: the responses of GET /runs/{runId} and its siblings.

Source: `docs/api/openapi-runs-instances.json`, "Run"; `docs/api/fields.md`, "Runs".
"""

import re
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import field
from msgspec.structs import force_setattr

from currents_async.models._model import Model, OpenEnum, Timestamp
from currents_async.models._signed import read_expiry
from currents_async.models.common import Commit, Counters, Platform, Screenshot, Stats, Worker
from currents_async.models.dashboard import instance_url, run_url

__all__ = [
    "Cancellation",
    "CompletionState",
    "CompletionStateFilter",
    "DeletedRun",
    "GroupInstances",
    "LastRun",
    "LastRunStatus",
    "PullRequest",
    "Run",
    "RunCancellation",
    "RunFramework",
    "RunGroup",
    "RunMeta",
    "RunSpec",
    "RunStatus",
    "RunStatusFilter",
    "RunTimeout",
    "SpecReport",
]

_MERGE = re.compile(r"Merge \S+ into \S+")
"""The message of GitHub's temporary merge commits."""
_NUMBER = re.compile(r"#\d+\Z")

CompletionStateFilter = Literal["COMPLETE", "IN_PROGRESS", "CANCELED", "TIMEOUT"]
"""How far runs to list have come, as an argument of `runs.list`."""

RunStatusFilter = Literal["PASSED", "FAILED", "RUNNING", "FAILING"]
"""The verdict on runs to list, as an argument of `runs.list`."""


class CompletionState(OpenEnum):
    """How far a run has come."""

    COMPLETE = "COMPLETE", "complete"
    IN_PROGRESS = "IN_PROGRESS", "incomplete"
    CANCELED = "CANCELED", "cancelled", "canceled"
    TIMEOUT = "TIMEOUT", "timedOut"
    UNKNOWN = "UNKNOWN"
    """The server does not say; the run counts as still in progress."""


class RunStatus(OpenEnum):
    """The verdict on a run."""

    PASSED = "PASSED", "passed"
    FAILED = "FAILED", "failed"
    RUNNING = "RUNNING", "running"
    FAILING = "FAILING", "failing"
    """Still running, but with failures."""
    CANCELED = "CANCELED", "cancelled", "canceled"
    TIMEOUT = "TIMEOUT", "timedOut"
    UNKNOWN = "UNKNOWN"
    """The server does not say."""


class RunTimeout(Model, frozen=True, gc=False, kw_only=True):
    """Whether a run ended because it took too long."""

    is_timeout: bool = False
    timeout_value_ms: int | None = None


class _Cancelled(Model, frozen=True, gc=False, kw_only=True):
    """A cancellation, in the two vocabularies of the documents."""

    cancelled_at: Timestamp | None = None
    canceled_at: Timestamp | None = None
    cancelled_by: str | None = None
    actor: str | None = None
    reason: str | None = None

    @property
    def at(self) -> datetime | None:
        """When, whichever spelling the server used."""
        return self.cancelled_at or self.canceled_at

    @property
    def by(self) -> str | None:
        """Who, whichever word the server used."""
        return self.cancelled_by or self.actor


class Cancellation(_Cancelled, frozen=True, gc=False, kw_only=True):
    """Who cancelled a run, when and why: read `at` and `by`."""


class RunCancellation(_Cancelled, frozen=True, gc=False, kw_only=True):
    """The response to cancelling a run: read `at` and `by`."""

    run_id: str | None = None
    cancelled: bool | None = None


class DeletedRun(Model, frozen=True, gc=False, kw_only=True):
    """The response to deleting a run."""

    run_id: str | None = None
    actor: str | None = None


class GroupInstances(Model, frozen=True, gc=False, kw_only=True):
    """How many of a group's spec files have been claimed and completed, and how they ended."""

    overall: int = 0
    claimed: int = 0
    complete: int = 0
    passes: int = 0
    failures: int = 0


class RunGroup(Model, frozen=True, gc=False, kw_only=True):
    """One group of a run: a Playwright project, or a Cypress `--group`."""

    group_id: str | None = None
    platform: Platform | None = None
    instances: GroupInstances | None = None
    tests: Counters | None = None
    tags: tuple[str, ...] = ()
    duration_ms: int | None = None
    """Of a group in progress, the time so far."""
    spec_count: int | None = None
    coverage_enabled: bool | None = None
    """Whether code coverage is recorded (inferred)."""
    environment: str | None = None
    """Where the tests ran, for example `staging`; the name of the field is inferred."""


class PullRequest(Model, frozen=True, gc=False, kw_only=True):
    """The pull request a run belongs to."""

    id: str | None = None
    """For example `github:github.com/owner/repository#482`: the argument `pr_id` of `runs.list`."""
    link: str | None = None
    title: str | None = None
    source: str | None = None
    destination: str | None = None


class RunFramework(Model, frozen=True, gc=False, kw_only=True):
    """The test framework of a run."""

    name: str | None = None
    """For example `pw`."""
    type: str | None = None
    """The same in newer responses, which lack the name: read `name`."""
    version: str | None = None
    client_version: str | None = None
    """The version of the reporter that Currents publishes."""

    def __post_init__(self) -> None:
        if self.name is None:
            force_setattr(self, "name", self.type)


class RunMeta(Model, frozen=True, gc=False, kw_only=True):
    """Where a run comes from."""

    ci_build_id: str | None = None
    title: str | None = None
    """Stored when the run was made; to show one, read `Run.title`."""
    pr: PullRequest | None = None
    commit: Commit | None = None
    framework: RunFramework | None = None
    platform: Platform | None = None


class SpecReport(Model, frozen=True, gc=False, kw_only=True):
    """What the execution of one spec file reported, as listed in a run."""

    stats: Stats | None = None
    exception: str | None = None
    """What stopped the whole file, if anything did."""
    flaky: int = 0
    video_url: str | None = None
    """Signed, on another host, and valid until `video_expires_at`; Cypress only."""
    screenshots: tuple[Screenshot, ...] = ()
    """Cypress only; Playwright's are in the instance."""

    @property
    def video_expires_at(self) -> datetime | None:
        """Until when `video_url` is valid; None if it does not say so."""
        return read_expiry(self.video_url)


class RunSpec(Model, frozen=True, gc=False, kw_only=True):
    """One spec file of a run."""

    spec: str = ""
    """The path of the spec file."""
    group_id: str | None = None
    instance_id: str | None = None
    """The execution of this file; None until a machine has claimed it.

    In newer runs of Playwright it is set before that: see `claimed_at`.
    """
    claimed_at: Timestamp | None = None
    completed_at: Timestamp | None = None
    """When all results had arrived; None until then: see `is_complete`."""
    machine_id: str | None = None
    tags: tuple[str, ...] = ()
    """Playwright only."""
    inactivity_timeout_ms: int | None = None
    worker: Worker | None = None
    """Playwright only."""
    results: SpecReport | None = None
    """None until the file has been executed; in newer runs of Playwright, the results so far."""

    @property
    def url(self) -> str | None:
        """The page of the execution on the dashboard of Currents; on another, `dashboard_url`."""
        return instance_url(self.instance_id) if self.instance_id else None

    @property
    def duration(self) -> int | None:
        """Milliseconds from the start to the end of the execution; None until it is complete."""
        stats = None if self.results is None else self.results.stats
        return None if stats is None else stats.duration_ms

    @property
    def is_complete(self) -> bool:
        """Whether all results have arrived."""
        return self.results is not None and self.completed_at is not None

    @property
    def failed(self) -> bool:
        """Whether a test of this file failed, or the file itself threw."""
        results = self.results
        if results is None:
            return False
        return results.exception is not None or (
            results.stats is not None and results.stats.failures > 0
        )

    @property
    def flaky(self) -> int:
        """How many tests passed only after a failed attempt."""
        if self.results is None:
            return 0
        # Cypress counts them beside the stats, Playwright in both places.
        in_stats = self.results.stats.flaky if self.results.stats is not None else 0
        return self.results.flaky or in_stats

    def _label(self) -> str:
        return f"{self.spec} {_standing(self)}"


class LastRunStatus(OpenEnum):
    """How the last run of Playwright went; the server knows only the first two.

    Source: https://playwright.dev/docs/api/class-reporter#reporter-on-end.
    """

    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timedout"
    INTERRUPTED = "interrupted"


class LastRun(Model, frozen=True, gc=False, kw_only=True):
    """What Playwright keeps of its last run, so that `--last-failed` can repeat failed tests."""

    status: LastRunStatus | None = None
    failed_tests: tuple[str, ...] = ()
    """Test IDs, those of `InstanceTest.test_id` (inferred)."""

    def to_last_run_json(self) -> bytes:
        """Return what Playwright writes to `.last-run.json` in its output folder, and reads there.

        Source:
        https://github.com/microsoft/playwright/blob/main/packages/playwright/src/runner/lastRun.ts.
        """
        return msgspec.json.format(self.to_json(), indent=2)


class Run(Model, frozen=True, gc=False, kw_only=True):
    """One run of a test suite."""

    run_id: str
    project_id: str = ""
    """Empty if the server does not say."""
    completion_state: CompletionState = CompletionState.UNKNOWN
    status: RunStatus = RunStatus.UNKNOWN
    created_at: Timestamp | None = None
    duration_ms: int | None = None
    """Of a run in progress, the time so far."""
    deleted_at: Timestamp | None = None
    tags: tuple[str, ...] = ()
    previous_run_id: str | None = None
    """The run that this one retries."""
    cypress_version: str | None = None
    """Cypress only: read `framework`."""
    timeout: RunTimeout | None = None
    cancellation: Cancellation | None = None
    groups: tuple[RunGroup, ...] = ()
    meta: RunMeta | None = None
    environments: tuple[str, ...] = ()
    """Where the tests ran; the name of the field is inferred. Without it, those of `groups`."""
    last_run: LastRun | None = field(default=None, name="pwLastRun")
    """Only of Playwright, and only from `runs.find(pw_last_run=True)`."""
    specs: tuple[RunSpec, ...] = ()

    def __post_init__(self) -> None:
        if not self.environments:
            distinct = dict.fromkeys(group.environment for group in self.groups)
            force_setattr(self, "environments", tuple(filter(None, distinct)))

    @property
    def title(self) -> str:
        """What the dashboard calls the run.

        The title of its pull request, else its own, that of its commit, or `Run #` with an ID. A
        setting of the project, which the API does not show, can prefer the commit's.
        """
        meta = self.meta or RunMeta()
        pull_request, commit = meta.pr or PullRequest(), meta.commit or Commit()
        number = _NUMBER.search(pull_request.id or "")
        candidates = (
            pull_request.title,
            commit.event and commit.event.pr_title,
            number and f"Pull Request {number[0]}",
            _first_line(meta.title),
            _first_line(commit.message),
            meta.ci_build_id and f"Run #{meta.ci_build_id}",
        )
        stripped = ((text or "").strip() for text in candidates)
        return next(filter(None, stripped), f"Run #{self.run_id[:6]}")

    @property
    def framework(self) -> RunFramework:
        """The test framework; of runs of Cypress, no more than a name and a version is known."""
        if self.meta is not None and self.meta.framework is not None:
            return self.meta.framework
        version = self.cypress_version
        return RunFramework(name=None if version is None else "cypress", version=version)

    @property
    def author_name(self) -> str | None:
        """Who made the commit."""
        commit = None if self.meta is None else self.meta.commit
        return None if commit is None else commit.author_name

    @property
    def branch(self) -> str | None:
        """The branch of the commit, else the source branch of the pull request."""
        meta = self.meta or RunMeta()
        commit = meta.commit or Commit()
        event, pull_request = commit.event, meta.pr
        source = (event and event.head_ref) or (pull_request and pull_request.source)
        return commit.branch or source or None

    @property
    def head_sha(self) -> str | None:
        """The commit to report on, for example with a check on GitHub: see `Commit.head_sha`."""
        commit = None if self.meta is None else self.meta.commit
        return None if commit is None else commit.head_sha

    @property
    def url(self) -> str:
        """The page of the run on the dashboard of Currents; on another, `dashboard_url`."""
        return run_url(self.run_id)

    @property
    def failed(self) -> bool:
        """Whether the verdict is failed, or will be when the run ends.

        Without a verdict of the server, whether a spec or a group has a failure.
        """
        if self.status != RunStatus.UNKNOWN:
            return self.status in {RunStatus.FAILED, RunStatus.FAILING}
        return any(spec.failed for spec in self.specs) or any(
            counters is not None and counters.failures > 0
            for group in self.groups
            for counters in (group.tests, group.instances)
        )

    def unlisted_specs(self, listed: int | None = None) -> int:
        """Return how many more spec files `groups` count than are `listed`, by default in `specs`.

        Runs in lists, and the run of a stream, have no `specs` themselves.
        """
        counted = sum(group.instances.overall for group in self.groups if group.instances)
        return max(0, counted - (len(self.specs) if listed is None else listed))

    @property
    def is_complete(self) -> bool:
        """Whether every spec file has reported; False for runs cancelled or timed out."""
        return self.completion_state == CompletionState.COMPLETE

    @property
    def has_ended(self) -> bool:
        """Whether the run is complete, cancelled or timed out."""
        return self.completion_state in {
            CompletionState.COMPLETE,
            CompletionState.CANCELED,
            CompletionState.TIMEOUT,
        }

    def _label(self) -> str:
        failed = sum(spec.failed for spec in self.specs)
        specs = f"{failed}/{len(self.specs)} specs failed" if self.specs else ""
        return " ".join(filter(None, (self.run_id, self.status, self.branch, specs)))


def _standing(spec: RunSpec) -> str:
    if spec.failed:
        return "failed"
    return "complete" if spec.is_complete else "running" if spec.claimed_at else "not claimed"


def _first_line(text: str | None) -> str:
    """Return the first line of a text; nothing if it is the message of a merge by GitHub."""
    line = (text or "").strip().partition("\n")[0].strip()
    return "" if _MERGE.fullmatch(line) else line
