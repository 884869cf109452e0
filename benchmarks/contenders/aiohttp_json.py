"""What most people write: aiohttp and the standard library's JSON; with isal to inflate."""

from aiohttp import ClientResponse

from benchmarks.contenders import Take
from benchmarks.contenders._aiohttp import reader

LABEL = "aiohttp resp.json()"
PACKAGES = ("aiohttp", "isal")


async def _read(response: ClientResponse, take: Take) -> None:
    take((await response.json())["data"]["specs"])


connect = reader(_read)
