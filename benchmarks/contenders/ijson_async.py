"""ijson on its fastest backend: dicts while the body is still coming."""

import ijson  # type: ignore[import-untyped]
from aiohttp import ClientResponse

from benchmarks.contenders import Take
from benchmarks.contenders._aiohttp import reader

LABEL = "aiohttp + ijson (yajl2_c)"
PACKAGES = ("aiohttp", "ijson", "isal")

_parser = ijson.get_backend("yajl2_c")


async def _read(response: ClientResponse, take: Take) -> None:
    specs = _parser.items_async(
        response.content, "data.specs.item", buf_size=64 * 1024, use_float=True
    )
    async for spec in specs:
        take((spec,))


connect = reader(_read)
