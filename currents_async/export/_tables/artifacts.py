"""The table of the artifacts that instances leave behind."""

import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from currents_async.export._tables.columns import Column, Values
from currents_async.export._tables.kinds import COUNT, MOMENT, TEXT
from currents_async.export._tables.table import Rows, Table
from currents_async.models import Attachment, Instance, InstanceReport, Screenshot, Trace, Video

_COLUMNS = (
    Column("instance_id", TEXT, "The execution of the spec file.", nullable=False),
    Column("kind", TEXT, "`screenshot`, `video`, `trace` or `attachment`.", nullable=False),
    Column("number", COUNT, "Counts those of the kind in the instance, from 1.", nullable=False),
    Column("artifact_id", TEXT, "What the service calls it; screenshots and traces only."),
    Column("name", TEXT, "What the test calls it; no videos."),
    Column("file_name", TEXT, "The name of the file; attachments only."),
    Column("content_type", TEXT, "The media type; attachments only."),
    Column("test_id", TEXT, "What the framework calls the test; null for a whole spec file."),
    Column("attempt", COUNT, "The number of the attempt at the test, from 0."),
    Column("taken_at", MOMENT, "When it was taken; screenshots only."),
    Column("width", COUNT, "How wide it is; screenshots of Cypress only.", "pixels"),
    Column("height", COUNT, "How high it is; screenshots of Cypress only.", "pixels"),
    Column("url", TEXT, "Where it is, without the signature that one needs to fetch it."),
)
_BARE_URL = re.compile(r"https?://[^/?#@\\]+(?:/[^?#]*)?(?=[?#]|\Z)", re.IGNORECASE)
"""No query, no fragment, no user and password."""


class Facts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What there is to say of an artifact, of whatever kind it is."""

    url: str | None
    test_id: str | None
    attempt: int | None
    artifact_id: str | None = None
    name: str | None = None
    file_name: str | None = None
    content_type: str | None = None
    taken_at: datetime | None = None
    width: int | None = None
    height: int | None = None


class ArtifactRows(Rows):
    """Artifacts of instances."""

    table = Table(
        "artifacts",
        "The screenshots, videos, traces and attachments of instances, one row each.",
        key=("instance_id", "kind", "number"),
        columns=_COLUMNS,
    )

    def __init__(self) -> None:
        super().__init__()
        self._instance_ids: list[str] = []
        self._kinds: list[str] = []
        self._numbers: list[int] = []
        self._artifacts: list[Facts] = []

    def add(self, run_id: str, instance: Instance) -> None:
        """Add the artifacts of an instance."""
        if instance.results is None:
            return
        for kind, artifacts in _by_kind(instance.results):
            count = len(artifacts)
            self._run_ids += [run_id] * count
            self._instance_ids += [instance.instance_id] * count
            self._kinds += [kind] * count
            self._numbers += range(1, count + 1)
            self._artifacts += artifacts

    def _values(self) -> Values:
        artifacts = self._artifacts
        return {
            "instance_id": self._instance_ids,
            "kind": self._kinds,
            "number": self._numbers,
            "artifact_id": [facts.artifact_id for facts in artifacts],
            "name": [facts.name for facts in artifacts],
            "file_name": [facts.file_name for facts in artifacts],
            "content_type": [facts.content_type for facts in artifacts],
            "test_id": [facts.test_id for facts in artifacts],
            "attempt": [facts.attempt for facts in artifacts],
            "taken_at": [facts.taken_at for facts in artifacts],
            "width": [facts.width for facts in artifacts],
            "height": [facts.height for facts in artifacts],
            "url": [_bare(facts.url) for facts in artifacts],
        }


def _by_kind(report: InstanceReport) -> Iterator[tuple[str, list[Facts]]]:
    yield "screenshot", [_screenshot(one) for one in report.screenshots]
    yield "video", [_video(one) for one in _videos_of(report)]
    yield "trace", [_trace(one) for one in report.playwright_traces]
    yield "attachment", [_attachment(one) for one in report.attachments]


def _videos_of(report: InstanceReport) -> tuple[Video, ...]:
    if report.video_url is None:
        return report.videos
    # Cypress has one video of the whole file.
    return (*report.videos, Video(video_url=report.video_url))


def _screenshot(one: Screenshot) -> Facts:
    return Facts(
        url=one.screenshot_url,
        test_id=one.test_id,
        attempt=one.test_attempt_index,
        artifact_id=one.screenshot_id,
        name=one.name,
        taken_at=one.taken_at,
        width=one.width,
        height=one.height,
    )


def _video(one: Video) -> Facts:
    return Facts(url=one.video_url, test_id=one.test_id, attempt=one.test_attempt_index)


def _trace(one: Trace) -> Facts:
    return Facts(
        url=one.trace_url,
        test_id=one.test_id,
        attempt=one.test_attempt_index,
        artifact_id=one.trace_id,
        name=one.name,
    )


def _attachment(one: Attachment) -> Facts:
    return Facts(
        url=one.read_url,
        test_id=one.test_id,
        attempt=one.test_attempt_index,
        name=one.name,
        file_name=one.filename,
        content_type=one.content_type,
    )


def _bare(url: str | None) -> str | None:
    """Leave out of a URL what gives access; return None for what is no URL."""
    found = _BARE_URL.match(url or "")
    return None if found is None else found[0]
