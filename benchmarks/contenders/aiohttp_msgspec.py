"""aiohttp with isal to inflate and msgspec to decode the whole body into the same Structs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
from isal import isal_zlib

from benchmarks.contenders import Fetch, Take
from currents_async.models import Run

LABEL = "aiohttp + msgspec, whole body"
PACKAGES = ("aiohttp", "isal", "msgspec")


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """The object around every response's data."""

    data: Run


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a session."""
    aiohttp.set_zlib_backend(isal_zlib)
    decoder = msgspec.json.Decoder(Envelope)
    async with aiohttp.ClientSession() as session:

        async def fetch(path: str, take: Take) -> None:
            async with session.get(f"{server}/{path}") as response:
                take(decoder.decode(await response.read()).data.specs)

        yield fetch
