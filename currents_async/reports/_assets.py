"""Artifacts that were downloaded beside a page: shown by their paths, never by their URLs."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from currents_async._checks import check_type
from currents_async._text import one_line
from currents_async.analysis.artifacts import Artifact, url_of
from currents_async.errors import InvalidArgumentError
from currents_async.models.common import Screenshot
from currents_async.models.instances import Attachment, Trace, Video
from currents_async.reports._markup import Content, Markup, separated, tag


class Assets:
    """The files beside a page, by the signed URLs that they were downloaded from."""

    def __init__(self, paths: Mapping[str, str]) -> None:
        """Take paths that are relative to the page; raises `InvalidArgumentError` for others."""
        for path in paths.values():
            if not check_type("assets[…]", path, str) or path.startswith(("/", "\\")):
                raise InvalidArgumentError(
                    f"assets must map URLs to paths relative to the page, not to {path!r}"
                )
        self._paths = paths

    def show(self, artifacts: Iterable[Artifact]) -> Content:
        """Return pictures of what are pictures among artifacts, and links to the others."""
        found = [(one, self._address_of(one)) for one in artifacts]
        pictures = [_picture(one, path) for one, path in found if path and _is_picture(one)]
        others = [
            tag("a", tag("bdi", _name(one)), href=path)
            for one, path in found
            if path and not _is_picture(one)
        ]
        return [*pictures, tag("p", "Files: ", separated(others)) if others else None]

    def _address_of(self, artifact: Artifact) -> str:
        return quote(self._paths.get(url_of(artifact) or "", ""), errors="replace")


def _is_picture(artifact: Artifact) -> bool:
    """Return whether to show an artifact: Playwright attaches the pictures that it compared."""
    if isinstance(artifact, Attachment):
        return (artifact.content_type or "").startswith("image/")
    return isinstance(artifact, Screenshot)


def _picture(artifact: Artifact, address: str) -> Markup:
    name = _name(artifact)
    # A share of the window always fits into it.
    image = tag("img", src=address, alt=name, width="60%", border=1, loading="lazy")
    return tag("p", tag("a", image, href=address), tag("br"), tag("small", tag("bdi", name)))


def _name(artifact: Artifact) -> str:
    match artifact:
        case Screenshot():
            kind, name = "Screenshot", artifact.name
        case Video():
            kind, name = "Video", None
        case Trace():
            kind, name = "Trace", artifact.name
        case Attachment():
            kind, name = "Attachment", artifact.name or artifact.filename
    number = artifact.test_attempt_index
    attempt = "" if number is None else f" of attempt {number + 1}"
    return f"{kind}{attempt}{f': {one_line(name)}' if name else ''}"
