"""Instances: the responses of GET /instances/{instanceId}.

Source: `docs/api/openapi-runs-instances.json`, "Instance"; `docs/api/fields.md`, "Instances".
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import UNSET, UnsetType, field
from msgspec.structs import force_setattr, replace

from currents_async.models._instance_tests import (
    Attempt,
    AttemptError,
    CodeFrame,
    InstanceTest,
    Location,
    join_tests,
)
from currents_async.models._model import Model, Timestamp
from currents_async.models._signed import read_expiry
from currents_async.models._unlisted import Unlisted, unlisted
from currents_async.models.annotations import Annotation
from currents_async.models.common import Commit, Platform, Screenshot, Stats, Worker
from currents_async.models.dashboard import instance_url

__all__ = [
    "AssetKind",
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
    "TerminalOutput",
    "Trace",
    "Unlisted",
    "Video",
]

AssetKind = Literal["screenshot", "video", "trace", "attachment"]
"""The kinds of artifacts, as an argument of `assets.of_run`."""


class Video(Model, frozen=True, gc=False, kw_only=True):
    """The video of one attempt of one test; Playwright only."""

    test_id: str | None = None
    test_attempt_index: int | None = None
    """Counts from 0."""
    video_url: str | None = None
    """Signed, on another host, and valid until `expires_at`."""

    @property
    def expires_at(self) -> datetime | None:
        """Until when the URL is valid; None if it does not say so."""
        return read_expiry(self.video_url)


class Trace(Model, frozen=True, gc=False, kw_only=True):
    """The Playwright trace of one attempt of one test."""

    trace_id: str | None = None
    name: str | None = None
    test_id: str | None = None
    test_attempt_index: int | None = None
    """Counts from 0."""
    trace_url: str | None = field(default=None, name="traceURL")
    """Signed, on another host, and valid until `expires_at`."""

    @property
    def expires_at(self) -> datetime | None:
        """Until when the URL is valid; None if it does not say so."""
        return read_expiry(self.trace_url)


class Attachment(Model, frozen=True, gc=False, kw_only=True):
    """A file that one attempt of one test attached; Playwright only."""

    id: str | None = None
    """Newer responses only, as is `created_at`."""
    name: str | None = None
    """What the test calls it."""
    filename: str | None = None
    """The name and a hash."""
    content_type: str | None = None
    test_id: str | None = None
    test_attempt_index: int | None = None
    """Counts from 0."""
    created_at: Timestamp | None = None
    read_url: str | None = None
    """Signed, on another host, and valid until `expires_at`."""

    @property
    def expires_at(self) -> datetime | None:
        """Until when the URL is valid; None if it does not say so."""
        return read_expiry(self.read_url)


class TerminalOutput(Model, frozen=True, gc=False, kw_only=True):
    """What the execution of a spec file printed, as text with the colours of terminals (inferred).

    Playwright only.
    """

    read_url: str | None = None
    """Signed, on another host, and valid until `expires_at`."""

    @property
    def expires_at(self) -> datetime | None:
        """Until when the URL is valid; None if it does not say so."""
        return read_expiry(self.read_url)


class Claim(Model, frozen=True, gc=False, kw_only=True):
    """A machine that claimed the spec file."""

    machine_id: str | None = None
    t: int | None = None
    """Milliseconds since the epoch: read `at`."""

    @property
    def at(self) -> datetime | None:
        """When; None if `t` is out of the range of dates."""
        try:
            return None if self.t is None else datetime.fromtimestamp(self.t / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            return None


class InstanceFramework(Model, frozen=True, gc=False, kw_only=True):
    """The test framework of an instance; for Cypress see `Instance.cypress_version`."""

    type: str | None = None
    """For example `pw`."""
    version: str | None = None
    client_version: str | None = None
    """The version of the reporter that Currents publishes."""


class InstanceReport(Model, frozen=True, gc=False, kw_only=True):
    """What one execution reported: its tests and their artifacts."""

    stats: Stats | None = None
    exception: str | None = None
    """What stopped the whole file, if anything did."""
    flaky: int = 0
    tests: tuple[InstanceTest, ...] = ()
    screenshots: tuple[Screenshot, ...] = ()
    video_url: str | None = None
    """The video of the whole file: signed, valid until `video_expires_at`; Cypress only."""
    videos: tuple[Video, ...] = ()
    playwright_traces: tuple[Trace, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    stdout: TerminalOutput | None = None
    """Newer responses of Playwright only."""

    @property
    def video_expires_at(self) -> datetime | None:
        """Until when `video_url` is valid; None if it does not say so."""
        return read_expiry(self.video_url)


_JOINED = ("_test_results", "_test_list", "_test_tags", "_test_annotations", "_claim_records")
_CHANGED = ("claim_list", "results", *_JOINED)
_DONE: dict[str, Claim] = {}
"""In place of the claims by ID: what `__post_init__` does has been done, step by step."""
_STEP = 64
"""Tests that are joined in one step, in about half a millisecond."""


class Instance(Model, frozen=True, gc=False, kw_only=True, repr_omit_defaults=True):
    """One execution of one spec file within a run.

    Responses have its tests in one of two shapes, of which `schemaVersion` 2 is the newer one. Both
    become the same instance.
    """

    instance_id: str
    org_id: str | None = None
    """Newer responses of Playwright only."""
    run_id: str | None = None
    group_id: str | None = None
    project_id: str | None = None
    spec: str = ""
    """The path of the spec file."""
    signature: str | None = None
    machine_id: str | None = None
    created_at: Timestamp | None = None
    claimed_at: Timestamp | None = None
    completed_at: Timestamp | None = None
    """Instances of Playwright may lack it, but their runs have it: see `RunSpec.completed_at`."""
    updated_at: Timestamp | None = field(default=None, name="_t")
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
    schema_version: int | None = None
    """2 in newer responses of Playwright; all else has no version."""
    # What schema 2 has beside the list of tests, until it is joined with them.
    _test_results: dict[str, InstanceTest | None] | UnsetType | None = field(
        default=UNSET, name="testResults"
    )
    _test_list: dict[str, InstanceTest | None] | UnsetType | None = field(
        default=UNSET, name="testList"
    )
    _test_tags: dict[str, tuple[str, ...] | None] | UnsetType | None = field(
        default=UNSET, name="testTags"
    )
    _test_annotations: dict[str, tuple[Annotation, ...] | None] | UnsetType | None = field(
        default=UNSET, name="testAnnotations"
    )
    _claim_records: dict[str, Claim] | UnsetType | None = field(default=UNSET, name="claimRecords")

    def __post_init__(self) -> None:
        if self._claim_records is _DONE:
            force_setattr(self, "_claim_records", UNSET)
        elif self.schema_version is not None or self._is_to_be_joined():
            self._join()
        else:
            for test in self.tests:
                if test.instance_id is None:
                    force_setattr(test, "instance_id", self.instance_id)

    def _is_to_be_joined(self) -> bool:
        # Not a loop over the names: this is done for each instance, and seldom finds one.
        return not (
            self._test_results is UNSET
            and self._test_list is UNSET
            and self._test_tags is UNSET
            and self._test_annotations is UNSET
            and self._claim_records is UNSET
        )

    def _join(self) -> None:
        fields = {name: getattr(self, name) for name in ("instance_id", *_CHANGED)}
        for _ in _join_in_steps(fields):
            pass
        for name in _CHANGED:
            force_setattr(self, name, fields[name])

    @property
    def url(self) -> str:
        """The page of the execution on the dashboard of Currents; on another, `dashboard_url`."""
        return instance_url(self.instance_id)

    @property
    def duration(self) -> int | None:
        """Milliseconds from the start to the end of the execution."""
        stats = None if self.results is None else self.results.stats
        return None if stats is None else stats.duration_ms

    @property
    def tests(self) -> tuple[InstanceTest, ...]:
        """The tests; empty while there are no results."""
        return () if self.results is None else self.results.tests

    @property
    def failed(self) -> bool:
        """Whether a test failed, even one that is only counted, or the file itself threw."""
        if self.results is None:
            return False
        return (
            self.results.exception is not None
            or any(test.failed for test in self.tests)
            or self.unlisted.failures > 0
        )

    @property
    def unlisted(self) -> Unlisted:
        """How many tests the counters of `results` have beyond those in `tests`."""
        return unlisted(self.tests, [self.results])

    def _label(self) -> str:
        failed = sum(test.failed for test in self.tests)
        return f"{self.instance_id} {self.spec} {failed}/{len(self.tests)} tests failed"


def complete_in_steps(fields: dict[str, Any]) -> Iterator[None]:
    """Do to the fields of an instance what making it would do; yield between steps."""
    if fields["schema_version"] is None and all(fields[name] is UNSET for name in _JOINED):
        return
    yield from _join_in_steps(fields)
    fields["_claim_records"] = _DONE


def _join_in_steps(fields: dict[str, Any]) -> Iterator[None]:
    report: InstanceReport | None = fields["results"]
    joined: list[InstanceTest] = []
    for test in join_tests(
        () if report is None else report.tests,
        fields["_test_results"] or {},
        instance_id=fields["instance_id"],
        titles=fields["_test_list"] or {},
        tags=fields["_test_tags"] or {},
        annotations=fields["_test_annotations"] or {},
    ):
        joined.append(test)
        if len(joined) % _STEP == 0:
            yield
    if joined:
        fields["results"] = replace(report or InstanceReport(), tests=tuple(joined))
    if fields["_claim_records"] and not fields["claim_list"]:
        fields["claim_list"] = tuple(fields["_claim_records"].values())
    fields.update(dict.fromkeys(_JOINED, UNSET))
