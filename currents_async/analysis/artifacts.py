"""The artifacts of tests, as their instances list them."""

from collections.abc import Iterator
from typing import NamedTuple

from currents_async.models.common import Screenshot
from currents_async.models.instances import (
    AssetKind,
    Attachment,
    Instance,
    InstanceReport,
    Trace,
    Video,
)

Artifact = Screenshot | Video | Trace | Attachment


class ListedArtifact(NamedTuple):
    """An artifact as its instance lists it."""

    kind: AssetKind
    number: int
    """The position among those of its kind, from 1."""
    artifact: Artifact


def list_artifacts(report: InstanceReport | None) -> Iterator[ListedArtifact]:
    """List all artifacts in the report of an instance, by kind."""
    if report is None:
        return
    videos = report.videos
    if report.video_url is not None:
        # Cypress makes one video of the whole spec file.
        videos = (*videos, Video(video_url=report.video_url))
    by_kind: tuple[tuple[AssetKind, tuple[Artifact, ...]], ...] = (
        ("screenshot", report.screenshots),
        ("video", videos),
        ("trace", report.playwright_traces),
        ("attachment", report.attachments),
    )
    for kind, artifacts in by_kind:
        for number, artifact in enumerate(artifacts, start=1):
            yield ListedArtifact(kind, number, artifact)


def url_of(artifact: Artifact) -> str | None:
    """Return the signed URL of an artifact, if it has one."""
    match artifact:
        case Screenshot():
            return artifact.screenshot_url
        case Video():
            return artifact.video_url
        case Trace():
            return artifact.trace_url
        case Attachment():
            return artifact.read_url


def artifacts_of(instance: Instance, test_id: str, *, attempt: int | None = None) -> list[Artifact]:
    """List the artifacts of a test, or of one attempt at it, counted from 0.

    Tests of an instance with the same ID share their artifacts.
    """
    return [
        artifact
        for _, _, artifact in list_artifacts(instance.results)
        if artifact.test_id == test_id
        and (attempt is None or artifact.test_attempt_index == attempt)
    ]


def artifacts_by_test(instance: Instance) -> dict[str | None, list[Artifact]]:
    """Group the artifacts by the IDs of their tests; those of the whole spec file have None."""
    found: dict[str | None, list[Artifact]] = {}
    for _, _, artifact in list_artifacts(instance.results):
        found.setdefault(artifact.test_id, []).append(artifact)
    return found
