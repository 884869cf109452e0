"""aiohttp with isal to inflate and orjson to parse: dicts, untyped."""

import orjson
from aiohttp import ClientResponse

from benchmarks.contenders import Take
from benchmarks.contenders._aiohttp import reader

LABEL = "aiohttp + orjson"
PACKAGES = ("aiohttp", "isal", "orjson")


async def _read(response: ClientResponse, take: Take) -> None:
    take(orjson.loads(await response.read())["data"]["specs"])


connect = reader(_read)
