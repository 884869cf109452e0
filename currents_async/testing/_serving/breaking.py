"""Breakages: connections that end as they should not, and bytes that are not what they say."""

import asyncio
from typing import Never

from aiohttp import web

from currents_async.testing._faulty.encoding import flip_bits
from currents_async.testing._faulty.exchange import reset
from currents_async.testing._faulty.message import GZIP, halves
from currents_async.testing._serving.faults import FaultKind
from currents_async.testing._serving.sending import WireResponse, hang_up

BEFORE_RESPONSE = frozenset({"reset", "close", "stall"})
"""The breakages that leave a request undone; with the others it is done, and the answer harmed."""

OURS = frozenset({"reset", "close", "truncate"})
"""The breakages with which the server ends the connection itself."""

_NEEDS_GZIP = frozenset({"cut-gzip", "corrupt"})


async def break_off(request: web.Request, kind: FaultKind) -> Never:
    """Break a connection before any answer."""
    if kind == "close":
        await hang_up(request)
    if kind == "reset" and request.transport is not None:
        reset(request.transport)
    while True:
        await asyncio.Event().wait()  # cancelled when the connection has gone


def needs_gzip(kind: FaultKind) -> bool:
    """Say whether an answer must be compressed, asked for or not, to be harmed in this way."""
    return kind in _NEEDS_GZIP


def damage(response: WireResponse, kind: FaultKind) -> WireResponse:
    """Return a right answer with something wrong about its body."""
    half, _ = halves(response.body)
    if kind == "truncate":
        return response._replace(cut=len(half))
    return response._replace(
        body=half if kind == "cut-gzip" else flip_bits(response.body),
        headers={**response.headers, **GZIP},
    )
