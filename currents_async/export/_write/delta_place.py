"""Where the Delta tables of a target are, as deltalake wants to know it."""

import os
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from currents_async.export._write.object_store import ObjectStore
from currents_async.export._write.stores import Store


class DeltaPlace(NamedTuple):
    """A directory of tables, or a prefix in an object store, and how to reach it."""

    root: str
    options: dict[str, str]

    def uri_of(self, table: str) -> str:
        """Return the path or the URL of a table."""
        return f"{self.root}/{table}"

    def __repr__(self) -> str:
        return f"DeltaPlace({self.root!r})"  # options have secrets


def delta_place(target: str | Path, path: Path | None, store: Store) -> DeltaPlace:
    """Return where the tables of a target are, which is at a path or at the URL of a store."""
    if path is not None:
        return DeltaPlace(str(path.absolute()), {})
    url = urlsplit(str(target))
    host = url.netloc.rpartition("@")[2] if url.scheme == "s3" else url.netloc
    root = f"{url.scheme}://{host}{url.path.rstrip('/')}"
    if url.scheme == "s3" and isinstance(store, ObjectStore):
        return DeltaPlace(root, _s3_options(url, store.filesystem))
    return DeltaPlace(root, {})


def _s3_options(url: SplitResult, filesystem: Any) -> dict[str, str]:
    """Return the options for deltalake that pyarrow has from the URL, or has found out."""
    query = {name: values[-1] for name, values in parse_qs(url.query).items()}
    options = {"AWS_REGION": query.get("region") or filesystem.region}
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if "endpoint_override" in query:
        name = query["endpoint_override"]
        endpoint = name if "://" in name else f"{query.get('scheme', 'https')}://{name}"
        options["AWS_ENDPOINT_URL"] = endpoint
    if endpoint.startswith("http://"):
        options["AWS_ALLOW_HTTP"] = "true"
    if url.username and url.password:
        options["AWS_ACCESS_KEY_ID"] = unquote(url.username)
        options["AWS_SECRET_ACCESS_KEY"] = unquote(url.password)
    return options
