"""What a test left behind, as its instance lists it."""

from collections.abc import Iterator

from currents_async.models.common import Screenshot
from currents_async.models.instances import Attachment, Instance, InstanceReport, Trace, Video

__all__ = ["Artifact", "artifacts_of"]

Artifact = Screenshot | Video | Trace | Attachment


def artifacts_of(instance: Instance, test_id: str, *, attempt: int | None = None) -> list[Artifact]:
    """List the artifacts of a test, or of one attempt at it, which counts from 0.

    Tests of an instance that have the same ID share theirs.
    """
    return [
        artifact
        for artifact in _listed(instance.results)
        if artifact.test_id == test_id
        and (attempt is None or artifact.test_attempt_index == attempt)
    ]


def artifacts_by_test(instance: Instance) -> dict[str | None, list[Artifact]]:
    """Sort the artifacts by the IDs of their tests; None is for the whole spec file's.

    Cypress makes a video of the whole file.
    """
    found: dict[str | None, list[Artifact]] = {}
    for artifact in _listed(instance.results):
        found.setdefault(artifact.test_id, []).append(artifact)
    return found


def _listed(report: InstanceReport | None) -> Iterator[Artifact]:
    if report is None:
        return
    yield from report.screenshots
    yield from report.videos
    if report.video_url is not None:
        yield Video(video_url=report.video_url)
    yield from report.playwright_traces
    yield from report.attachments
