"""One asset from its URL to its file."""

import os
from functools import partial
from pathlib import Path

from currents_async._checks import (
    accepted,
    check_int,
    check_path,
    check_segment,
    check_time_limit,
)
from currents_async._downloads.artifacts import FetchInstance
from currents_async._downloads.file_names import safe_name
from currents_async._downloads.partial_file import PartialFile
from currents_async._downloads.signer import Signer
from currents_async._threads import in_thread
from currents_async._transport import AssetCall, Transport
from currents_async._wire.asset_url import AssetUrl
from currents_async.errors import InvalidArgumentError
from currents_async.models._brief import Brief

MAX_BYTES = 2 * 1024**3
"""Bytes of one asset, by default."""

Target = str | os.PathLike[str]


class AssetDownload(Brief, frozen=True, kw_only=True):
    """An asset that has been saved."""

    path: Path
    size: int
    """Bytes."""
    url: str
    """Where it came from, without the signature."""
    attempts: int
    """How many requests it took, redirects not counted."""
    resumed: bool
    """Whether the last attempt fetched only the rest."""


class Saver:
    """Saves assets with one set of limits."""

    def __init__(
        self,
        transport: Transport,
        fetch_instance: FetchInstance,
        *,
        max_bytes: int,
        timeout: float | None,
    ) -> None:
        self._transport = transport
        self._fetch_instance = fetch_instance
        self._max_bytes = check_int("max_bytes", max_bytes)
        self._seconds = check_time_limit("timeout", timeout)

    def signer(self, instance_id: str) -> Signer:
        """Return what signs the URLs of an instance again."""
        return Signer(self._transport, self._fetch_instance, instance_id)

    async def save(self, url: AssetUrl, goal: Path, signer: Signer | None) -> AssetDownload:
        """Download to a file; `signer` signs the URL again once it has expired."""
        ends_at = self._transport.channel.clock.now() + self._seconds
        if signer is not None:
            url = await signer.valid(url, ends_at)
        call = self._transport.asset_call(
            url,
            refresh=None if signer is None else partial(signer.renewed, url, ends_at),
            max_bytes=self._max_bytes,
            ends_at=ends_at,
        )
        return await save_call(call, url, goal)


async def save_call(call: AssetCall, url: AssetUrl, goal: Path) -> AssetDownload:
    """Make a call, and save what it downloads from a URL as a file."""
    file = PartialFile(goal)
    try:
        await call.into(file)
        await file.finish()
    finally:
        await file.discard()
    return AssetDownload(
        path=goal,
        size=call.size,
        url=url.shown,
        attempts=call.attempts,
        resumed=call.resumed,
    )


async def save_asset(
    transport: Transport,
    fetch_instance: FetchInstance,
    url: AssetUrl | InvalidArgumentError,
    *,
    to: Target,
    instance_id: str | None,
    max_bytes: int,
    timeout: float | None,  # noqa: ASYNC109 - of the whole, retries included
) -> AssetDownload:
    url = accepted(url)
    saver = Saver(transport, fetch_instance, max_bytes=max_bytes, timeout=timeout)
    if instance_id is not None:
        check_segment("instance_id", instance_id)
    goal = await find_goal(transport, to, url.name)
    return await saver.save(url, goal, None if instance_id is None else saver.signer(instance_id))


async def find_goal(transport: Transport, to: Target, name: str) -> Path:
    """Return the file to write: `to` itself, or one called `name` in it if it is a directory."""
    path = check_path("to", to)
    transport.channel.check_open()
    return await in_thread(partial(_goal, path, os.fspath(to), name))


def _goal(to: Path, text: str, name: str) -> Path:
    if to.is_dir():
        to /= safe_name(name)
    elif text.endswith(_SEPARATORS) or not to.parent.is_dir():
        raise InvalidArgumentError(f"to: there is no such directory: {text!r}")
    if to.exists() and not to.is_file():
        raise InvalidArgumentError(f"to must be a file or a directory: {text!r}")
    return to


_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))
