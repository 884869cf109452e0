"""A part of an attempt, within its time: what ends it early, and the error it ends with."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from math import inf, isinf
from typing import TypeVar

import aiohttp

from currents_async._config import Timeouts
from currents_async._transport.aiohttp_errors import AiohttpError, transport_error
from currents_async._transport.session import Session
from currents_async._wire.body_errors import BodyError
from currents_async.errors import ClientClosedError, CurrentsError, RequestInfo

T = TypeVar("T")


async def run_step(
    session: Session,
    step: Callable[[], Awaitable[T]],
    seconds: float = inf,
    *,
    sent: RequestInfo,
    out_of_time: Callable[[], CurrentsError],
    body_error: Callable[[BodyError], CurrentsError],
    part_of: str = "call",
) -> T:
    """Run a step until it ends, its time is up, or the client is closed.

    Raises a `CurrentsError`, and nothing else. Errors are raised here and not where they were
    found, so that they drag along no frame of aiohttp's.
    """
    timeout = asyncio.timeout(None)
    try:
        async with timeout:
            session.deadlines.begin(timeout, seconds)
            return await step()
    except TimeoutError:
        error = out_of_time()
    except AiohttpError as broken:
        error = transport_error(sent, broken.foreign)
    except BodyError as fault:
        error = body_error(fault)
    except CurrentsError as found:
        error = found
    finally:
        session.deadlines.end(timeout)
    if session.state == "closed":
        error = ClientClosedError(f"the client was closed during the {part_of}")
    try:
        raise error
    finally:
        del error  # with its traceback it would keep itself alive, and the answer


@lru_cache
def client_timeout(timeouts: Timeouts) -> aiohttp.ClientTimeout:
    """Return what aiohttp is to watch over: connecting, and the time between two pieces."""

    def bound(seconds: float) -> float | None:
        return None if isinf(seconds) else seconds

    return aiohttp.ClientTimeout(
        # `connect` would count the wait for a free connection of the pool, which is our own doing.
        sock_connect=bound(timeouts.connect),
        sock_read=bound(timeouts.read),
        # Ours, around all that a step does.
        total=None,
        # aiohttp rounds timeouts over this many seconds up to whole ones.
        ceil_threshold=inf,
    )
