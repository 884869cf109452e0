"""The table of the artifacts that instances leave behind."""

import re
from collections.abc import Callable

from currents_async.analysis.artifacts import ListedArtifact, list_artifacts, url_of
from currents_async.arrow._kinds import COUNT, MOMENT, TEXT
from currents_async.export._tables.table import Column, Rows, Table, Values, values_in
from currents_async.models import Instance

_BARE_URL = re.compile(r"https?://[^/?#@\\]+(?:/[^?#]*)?(?=[?#]|\Z)", re.IGNORECASE)
"""No query, no fragment, no user and password."""


def _bare_url(listed: ListedArtifact) -> str | None:
    """Leave out of a URL what gives access; return None for what is not a URL."""
    found = _BARE_URL.match(url_of(listed.artifact) or "")
    return None if found is None else found[0]


def _if_there(name: str) -> Callable[[ListedArtifact], object]:
    """Return a source: an attribute that not all kinds of artifacts have."""
    return lambda listed: getattr(listed.artifact, name, None)


def _id_of(listed: ListedArtifact) -> object:
    found = (getattr(listed.artifact, name, None) for name in ("screenshot_id", "trace_id", "id"))
    return next((one for one in found if one is not None), None)


_COLUMNS = (
    Column("instance_id", TEXT, "The execution of the spec file.", nullable=False),
    Column("kind", TEXT, "`screenshot`, `video`, `trace` or `attachment`.", nullable=False),
    Column(
        "number",
        COUNT,
        "Its number among those of its kind in the instance, from 1.",
        nullable=False,
    ),
    Column(
        "artifact_id",
        TEXT,
        "Its ID in the service; not of videos.",
        _id_of,
    ),
    Column("name", TEXT, "Its name in the test; not of videos.", _if_there("name")),
    Column("file_name", TEXT, "The name of the file; attachments only.", _if_there("filename")),
    Column("content_type", TEXT, "The media type; attachments only.", _if_there("content_type")),
    Column(
        "test_id",
        TEXT,
        "The test's ID in its framework; null for a whole spec file.",
        "artifact.test_id",
    ),
    Column(
        "attempt",
        COUNT,
        "The number of the attempt at the test, from 0.",
        "artifact.test_attempt_index",
    ),
    Column("taken_at", MOMENT, "When it was taken; screenshots only.", _if_there("taken_at")),
    Column("width", COUNT, "Its width; screenshots of Cypress only.", _if_there("width"), "pixels"),
    Column(
        "height", COUNT, "Its height; screenshots of Cypress only.", _if_there("height"), "pixels"
    ),
    Column("url", TEXT, "Its URL, without the signature needed to fetch it.", _bare_url),
    Column(
        "created_at", MOMENT, "When it was attached; attachments only.", _if_there("created_at")
    ),
)


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
        self._listed: list[ListedArtifact] = []

    def add(self, run_id: str, instance: Instance) -> None:
        listed = list(list_artifacts(instance.results))
        self._run_ids += [run_id] * len(listed)
        self._instance_ids += [instance.instance_id] * len(listed)
        self._listed += listed

    def _values(self) -> Values:
        return {"instance_id": self._instance_ids, **values_in(self._listed, _COLUMNS[1:])}
