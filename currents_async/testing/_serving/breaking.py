"""Breakages: connections that end as they should not, and bytes that are not what they say."""

import asyncio
from typing import Never

from aiohttp import web

from currents_async.testing._faulty.encoding import damage
from currents_async.testing._faulty.exchange import reset
from currents_async.testing._faulty.message import GZIP, halves
from currents_async.testing._serving.faults import Breakage
from currents_async.testing._serving.sending import Answer, hang_up

BEFORE_ANY_ANSWER = frozenset({"reset", "close", "stall"})
"""The breakages that leave a request undone; with the others it is done, and the answer harmed."""

OURS = frozenset({"reset", "close", "truncate"})
"""The breakages with which the server ends the connection itself."""

_NEEDS_GZIP = frozenset({"cut-gzip", "corrupt"})


async def break_off(request: web.Request, breakage: Breakage) -> Never:
    """Break a connection before any answer."""
    if breakage == "close":
        await hang_up(request)
    if breakage == "reset" and request.transport is not None:
        reset(request.transport)
    while True:
        await asyncio.Event().wait()  # cancelled when the connection has gone


def needs_gzip(breakage: Breakage) -> bool:
    """Say whether an answer must be compressed, asked for or not, to be harmed in this way."""
    return breakage in _NEEDS_GZIP


def harm(answer: Answer, breakage: Breakage) -> Answer:
    """Return a right answer with something wrong about its body."""
    half, _ = halves(answer.body)
    if breakage == "truncate":
        return answer._replace(cut=len(half))
    return answer._replace(
        body=half if breakage == "cut-gzip" else damage(answer.body),
        headers={**answer.headers, **GZIP},
    )
