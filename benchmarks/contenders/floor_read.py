"""The floor of the network: the body as it comes over the wire, not even inflated."""

from aiohttp import ClientResponse

from benchmarks.contenders import Take
from benchmarks.contenders._aiohttp import reader

LABEL = "floor: raw read()"
PACKAGES = ("aiohttp",)


async def _read(response: ClientResponse, take: Take) -> None:  # noqa: ARG001 - there is nothing to take
    await response.read()


connect = reader(_read, auto_decompress=False)
