"""The responses that `api --cache` keeps, as files of the user alone."""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import msgspec
from multidict import CIMultiDict

from currents_async import RawResponse
from currents_async._redaction import safe_headers
from currents_async._wire.endpoint import encode_query
from currents_async.cli import _profiles, _settings
from currents_async.cli._api.fields import Query
from currents_async.cli._api.pages import Fetch
from currents_async.cli._private_file import write_private
from currents_async.cli._streams import complain

_KEEP = timedelta(days=30)
"""Older files are deleted when another one is written."""


class _Kept(msgspec.Struct, frozen=True):
    """What a file holds: a response without secrets in its headers."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class ResponseCache:
    """Keeps the responses to GET requests, for each API key and service apart."""

    def __init__(
        self, settings: _settings.Settings, path: str, max_age: timedelta, fetch: Fetch
    ) -> None:
        """Take the path of the requests, and what sends them."""
        self._settings = settings
        self._path = path
        self._max_age = max_age
        self._fetch = fetch

    async def fetch(self, query: Query) -> RawResponse:
        """Return the response to a query from a file, if it is not too old, or else fetch it."""
        # Of the key only a digest is kept, as the name of the file.
        name = self._settings.digest(f"GET {self._path}?{encode_query(query)}")
        file = _profiles.cache_path() / "api" / name
        kept = await asyncio.to_thread(_read, file, self._max_age)
        if kept is not None:
            headers = CIMultiDict(kept.headers)
            return RawResponse(status=kept.status, headers=headers, body=kept.body)
        response = await self._fetch(query)
        await asyncio.to_thread(_write, file, response)
        return response


def _read(file: Path, max_age: timedelta) -> _Kept | None:
    """Return what a file has if it is not too old; None too for a file that is no such one."""
    with suppress(OSError, msgspec.DecodeError):
        if 0 <= _age(file) <= max_age.total_seconds():
            return msgspec.msgpack.decode(file.read_bytes(), type=_Kept)
    return None


def _write(file: Path, response: RawResponse) -> None:
    """Write a response as a whole or not at all; a cache that cannot be written is no failure."""
    kept = _Kept(response.status, safe_headers(response.headers), response.body)
    try:
        write_private(file, msgspec.msgpack.encode(kept))
        _delete_old(file.parent)
    except OSError as error:
        complain(f"the response is not kept: {error}")


def _delete_old(folder: Path) -> None:
    for file in folder.iterdir():
        with suppress(OSError):  # another process may have been faster
            if _age(file) > _KEEP.total_seconds():
                file.unlink()


def _age(file: Path) -> float:
    """Return how many seconds ago a file was written; negative if the clock was set back."""
    return time.time() - file.stat().st_mtime
