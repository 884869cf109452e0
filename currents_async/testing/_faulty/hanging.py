"""Connections that break, stall, drip, or send more than was requested."""

from typing import Literal

from currents_async.testing._faulty.content import BODY
from currents_async.testing._faulty.exchange import Exchange, Fault
from currents_async.testing._faulty.message import halves, message, sends

SECOND_BODY = b'{"status":"FAILED","error":"The response to a request that was never sent."}'
"""The default of what `second_response` sends without a request."""


def reset() -> Fault:
    """Reset the connection before any response."""

    async def fault(exchange: Exchange) -> None:
        exchange.reset()

    return fault


def reset_midway(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Reset the connection in the middle of the body."""

    async def fault(exchange: Exchange) -> None:
        await exchange.send(_half_a_body(body, gzip=gzip))
        # A reset may overtake data that the client has not read yet.
        await exchange.pause(0)
        exchange.reset()

    return fault


def close() -> Fault:
    """Close the connection without a response."""

    async def fault(exchange: Exchange) -> None:
        exchange.close()

    return fault


def close_midway(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Close the connection in the middle of the body."""
    return sends(_half_a_body(body, gzip=gzip), close=True)


def early_close(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Send a valid response that does not announce it, and close the connection.

    To close it only when the next request arrives, play `response()` and then `close()`.
    """
    return sends(message(body, gzip=gzip), close=True)


def stall() -> Fault:
    """Never respond."""

    async def fault(exchange: Exchange) -> None:
        await exchange.wait()

    return fault


def stall_midway(
    where: Literal["headers", "body"] = "body", body: bytes = BODY, *, gzip: bool = True
) -> Fault:
    """Stop in the middle of the headers or of the body, and never continue."""
    start, _ = _head_and_body(body, gzip=gzip)
    part = halves(start)[0] if where == "headers" else _half_a_body(body, gzip=gzip)

    async def fault(exchange: Exchange) -> None:
        await exchange.send(part)
        await exchange.wait()

    return fault


def drip(body: bytes = BODY, interval: float = 0.0, *, gzip: bool = True) -> Fault:
    """Send the body one byte at a time, `interval` seconds apart."""
    start, packed = _head_and_body(body, gzip=gzip)

    async def fault(exchange: Exchange) -> None:
        await exchange.send(start)
        await _drip(exchange, packed, interval)

    return fault


def drip_headers(body: bytes = BODY, interval: float = 0.0, *, gzip: bool = True) -> Fault:
    """Send the headers one byte at a time, `interval` seconds apart, and the body at once."""
    start, packed = _head_and_body(body, gzip=gzip)

    async def fault(exchange: Exchange) -> None:
        await _drip(exchange, start, interval)
        await exchange.send(packed)

    return fault


def second_response(
    delay: float | None = None,
    body: bytes = BODY,
    second: bytes = SECOND_BODY,
    *,
    gzip: bool = True,
) -> Fault:
    """Send a valid response, and a second one that no request asked for, on the same connection.

    Both go out in one write, or the second one `delay` seconds after the first.
    """
    first, again = message(body, gzip=gzip), message(second, gzip=gzip)

    async def fault(exchange: Exchange) -> None:
        if delay is None:
            await exchange.send(first + again)
            return
        await exchange.send(first)
        await exchange.pause(delay)
        await exchange.send(again)

    return fault


async def _drip(exchange: Exchange, data: bytes, interval: float) -> None:
    for place in range(len(data)):
        if place:
            await exchange.pause(interval)
        await exchange.send(data[place : place + 1])


def _head_and_body(body: bytes, *, gzip: bool) -> tuple[bytes, bytes]:
    start, blank, packed = message(body, gzip=gzip).partition(b"\r\n\r\n")
    return start + blank, packed


def _half_a_body(body: bytes, *, gzip: bool) -> bytes:
    start, packed = _head_and_body(body, gzip=gzip)
    return start + halves(packed)[0]
