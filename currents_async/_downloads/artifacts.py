"""What an instance leaves behind: its artifacts, and where they are."""

from collections.abc import Collection, Iterator
from typing import NamedTuple, get_args

from currents_async._checks import check_choices
from currents_async._wire.asset_url import AssetUrl, read_asset_url
from currents_async.analysis.artifacts import Artifact
from currents_async.errors import InvalidArgumentError
from currents_async.models.common import Screenshot
from currents_async.models.instances import AssetKind, Attachment, Instance, Trace, Video

KINDS: tuple[AssetKind, ...] = get_args(AssetKind)


class Listed(NamedTuple):
    """An artifact as an instance lists it, its signature out of sight."""

    kind: AssetKind
    number: int
    """Counts those of its kind from 1, those without a URL included."""
    label: str | None
    test_id: str | None
    test_attempt_index: int | None
    url: AssetUrl | InvalidArgumentError | None
    """None while there is nothing to be had."""


def check_kinds(kinds: Collection[AssetKind] | None) -> frozenset[str]:
    """Return kinds of artifacts, all by default, or raise `InvalidArgumentError`."""
    if kinds is None:
        return frozenset(KINDS)
    return frozenset(check_choices("kinds", kinds, KINDS, min_items=1))


def find_url(asset: object) -> AssetUrl | InvalidArgumentError:
    """Take the URL of an artifact, or one as it is; return the error where there is none.

    Returns it instead of raising it: a traceback made here would hold the signature.
    """
    if isinstance(asset, str):
        return read_asset_url(asset)
    if not isinstance(asset, Screenshot | Video | Trace | Attachment):
        kind = type(asset).__name__
        return InvalidArgumentError(
            f"asset must be a URL or an artifact of an instance, not {kind}"
        )
    url = _url_of(asset)
    if url is None:
        return InvalidArgumentError(f"this {type(asset).__name__} has no URL")
    return read_asset_url(url)


def artifacts_of(instance: Instance) -> Iterator[Listed]:
    """List all artifacts of an instance."""
    report = instance.results
    if report is None:
        return
    yield from _listed("screenshot", report.screenshots)
    yield from _listed("video", report.videos)
    if report.video_url is not None:
        # Cypress has one video of the whole file.
        number = len(report.videos) + 1
        yield Listed("video", number, None, None, None, read_asset_url(report.video_url))
    yield from _listed("trace", report.playwright_traces)
    yield from _listed("attachment", report.attachments)


def signed_again(instance: Instance, url: AssetUrl) -> AssetUrl | None:
    """Find the URL of the same asset in an instance that has been fetched since."""
    urls = (one.url for one in artifacts_of(instance))
    return next((one for one in urls if isinstance(one, AssetUrl) and one.is_asset_of(url)), None)


def _listed(kind: AssetKind, artifacts: tuple[Artifact, ...]) -> Iterator[Listed]:
    for number, artifact in enumerate(artifacts, start=1):
        url = _url_of(artifact)
        yield Listed(
            kind,
            number,
            _label_of(artifact),
            artifact.test_id,
            artifact.test_attempt_index,
            None if url is None else read_asset_url(url),
        )


def _url_of(artifact: Artifact) -> str | None:
    match artifact:
        case Screenshot():
            return artifact.screenshot_url
        case Video():
            return artifact.video_url
        case Trace():
            return artifact.trace_url
        case Attachment():
            return artifact.read_url


def _label_of(artifact: Artifact) -> str | None:
    match artifact:
        case Attachment():
            return artifact.filename or artifact.name
        case Video():
            return None
        case _:
            return artifact.name
