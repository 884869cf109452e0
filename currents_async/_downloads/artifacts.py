"""The artifacts of an instance, and their URLs."""

from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import NamedTuple, get_args

from currents_async._checks import check_choices
from currents_async._transport import CallOptions
from currents_async._wire.asset_url import AssetUrl, read_asset_url
from currents_async.analysis.artifacts import Artifact, list_artifacts, url_of
from currents_async.errors import InvalidArgumentError
from currents_async.models.common import Screenshot
from currents_async.models.instances import (
    AssetKind,
    Attachment,
    Instance,
    TerminalOutput,
    Trace,
    Video,
)

FetchInstance = Callable[[str, CallOptions], Awaitable[Instance]]
KINDS: tuple[AssetKind, ...] = get_args(AssetKind)


class ArtifactToSave(NamedTuple):
    """An artifact as an instance lists it, with its signature hidden."""

    kind: AssetKind
    number: int
    """The position among those of its kind, from 1, including those without a URL."""
    label: str | None
    test_id: str | None
    test_attempt_index: int | None
    url: AssetUrl | InvalidArgumentError | None
    """None if it has no URL yet."""


def check_kinds(kinds: Collection[AssetKind] | None) -> frozenset[str]:
    """Return kinds of artifacts, all by default, or raise `InvalidArgumentError`."""
    if kinds is None:
        return frozenset(KINDS)
    return frozenset(check_choices("kinds", kinds, KINDS, min_items=1))


def find_url(asset: object) -> AssetUrl | InvalidArgumentError:
    """Return the URL of an artifact, or a URL that is given, or an error.

    The error is returned, not raised: a traceback made here would hold the signature.
    """
    if isinstance(asset, str):
        return read_asset_url(asset)
    if not isinstance(asset, Screenshot | Video | Trace | Attachment | TerminalOutput):
        kind = type(asset).__name__
        return InvalidArgumentError(
            f"asset must be a URL or an artifact of an instance, not {kind}"
        )
    url = asset.read_url if isinstance(asset, TerminalOutput) else url_of(asset)
    if url is None:
        return InvalidArgumentError(f"this {type(asset).__name__} has no URL")
    return read_asset_url(url)


def artifacts_to_save(instance: Instance) -> Iterator[ArtifactToSave]:
    for kind, number, artifact in list_artifacts(instance.results):
        url = url_of(artifact)
        yield ArtifactToSave(
            kind,
            number,
            _label_of(artifact),
            artifact.test_id,
            artifact.test_attempt_index,
            None if url is None else read_asset_url(url),
        )


def asset_urls(instance: Instance) -> list[AssetUrl]:
    """Return the URLs of all artifacts of an instance, and of its terminal output."""
    report = instance.results
    output = None if report is None or report.stdout is None else find_url(report.stdout)
    urls = (*(one.url for one in artifacts_to_save(instance)), output)
    return [url for url in urls if isinstance(url, AssetUrl)]


def _label_of(artifact: Artifact) -> str | None:
    match artifact:
        case Attachment():
            return artifact.filename or artifact.name
        case Video():
            return None
        case _:
            return artifact.name
