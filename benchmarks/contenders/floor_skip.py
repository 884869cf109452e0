"""The floor of decoding: the fastest inflater in one go, and a parser that builds nothing."""

import deflate
import msgspec
from aiohttp import ClientResponse

from benchmarks.contenders import Take
from benchmarks.contenders._aiohttp import reader

LABEL = "floor: inflate + skip"
PACKAGES = ("aiohttp", "deflate", "msgspec")

_decoder = msgspec.json.Decoder(msgspec.Raw)


async def _read(response: ClientResponse, take: Take) -> None:  # noqa: ARG001 - there is nothing to take
    _decoder.decode(deflate.gzip_decompress(await response.read()))


connect = reader(_read, auto_decompress=False)
