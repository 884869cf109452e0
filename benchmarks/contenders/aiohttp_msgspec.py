"""aiohttp with isal to inflate and msgspec to decode the whole body into the same Structs."""

import msgspec
from aiohttp import ClientResponse

from benchmarks.contenders import Take
from benchmarks.contenders._aiohttp import reader
from currents_async.models import Run

LABEL = "aiohttp + msgspec, whole body"
PACKAGES = ("aiohttp", "isal", "msgspec")


class _Envelope(msgspec.Struct, frozen=True, gc=False):
    data: Run


decoder = msgspec.json.Decoder(_Envelope)


async def _read(response: ClientResponse, take: Take) -> None:
    take(decoder.decode(await response.read()).data.specs)


connect = reader(_read)
