"""Connections that break, stall, drip, or send more than was requested."""

from typing import Literal

from currents_async.testing._faulty.exchange import Fault
from currents_async.testing._faulty.message import BODY, Step, halves, message, plays

SECOND_BODY = b'{"status":"FAILED","error":"The response to a request that was never sent."}'
"""The default of what `second_response` sends without a request."""


def reset() -> Fault:
    """Reset the connection before any response."""
    return plays("reset")


def reset_midway(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Reset the connection in the middle of the body."""
    # A reset may overtake data that the client has not read yet.
    return plays(_half_a_body(body, gzip=gzip), 0, "reset")


def close() -> Fault:
    """Close the connection without a response."""
    return plays("close")


def close_midway(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Close the connection in the middle of the body."""
    return plays(_half_a_body(body, gzip=gzip), "close")


def early_close(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Send a valid response that does not announce it, and close the connection.

    To close it only when the next request arrives, play `response()` and then `close()`.
    """
    return plays(message(body, gzip=gzip), "close")


def stall() -> Fault:
    """Never respond."""
    return plays("wait")


def stall_midway(
    where: Literal["headers", "body"] = "body", body: bytes = BODY, *, gzip: bool = True
) -> Fault:
    """Stop in the middle of the headers or of the body, and never continue."""
    start, _ = _head_and_body(body, gzip=gzip)
    part = halves(start)[0] if where == "headers" else _half_a_body(body, gzip=gzip)
    return plays(part, "wait")


def drip(body: bytes = BODY, interval: float = 0.0, *, gzip: bool = True) -> Fault:
    """Send the body one byte at a time, `interval` seconds apart."""
    start, packed = _head_and_body(body, gzip=gzip)
    return plays(start, *_drip(packed, interval))


def drip_headers(body: bytes = BODY, interval: float = 0.0, *, gzip: bool = True) -> Fault:
    """Send the headers one byte at a time, `interval` seconds apart, and the body at once."""
    start, packed = _head_and_body(body, gzip=gzip)
    return plays(*_drip(start, interval), packed)


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
    return plays(first + again) if delay is None else plays(first, delay, again)


def _drip(data: bytes, interval: float) -> list[Step]:
    steps: list[Step] = []
    for place in range(len(data)):
        steps += [interval, data[place : place + 1]]
    return steps[1:]


def _head_and_body(body: bytes, *, gzip: bool) -> tuple[bytes, bytes]:
    start, blank, packed = message(body, gzip=gzip).partition(b"\r\n\r\n")
    return start + blank, packed


def _half_a_body(body: bytes, *, gzip: bool) -> bytes:
    start, packed = _head_and_body(body, gzip=gzip)
    return start + halves(packed)[0]
