"""Responses whose first lines are wrong, too large, or never end."""

from currents_async.testing._faulty.content import BODY
from currents_async.testing._faulty.exchange import Fault
from currents_async.testing._faulty.message import message, sends, sends_forever

_CHUNK = 16 * 1024
# A banner, then bytes that no parser of HTTP accepts.
_GARBAGE = b"SSH-2.0-OpenSSH_9.6\r\n" + bytes(range(256))


def garbage(data: bytes = _GARBAGE) -> Fault:
    """Send bytes that are not HTTP at all, and close."""
    return sends(data, close=True)


def bad_status_line(line: str = "HTTP/1.1 two-hundred OK") -> Fault:
    """Send a wrong first line, and close."""
    _, end, rest = message(BODY).partition(b"\r\n")
    return sends(line.encode() + end + rest, close=True)


def http09(body: bytes = BODY) -> Fault:
    """Send a body without status line or headers, as HTTP/0.9 did, and close."""
    return sends(body, close=True)


def huge_header(size: int = 1024 * 1024) -> Fault:
    """Send one header whose value has `size` bytes."""
    return sends(message(BODY, headers={"X-Huge": "x" * size}), close=False)


def many_headers(count: int = 10_000) -> Fault:
    """Send `count` small headers."""
    headers = {f"X-Header-{number}": str(number) for number in range(count)}
    return sends(message(BODY, headers=headers), close=False)


def endless_headers() -> Fault:
    """Start a response, and send headers forever."""
    return sends_forever(b"HTTP/1.1 200 OK\r\n", _many(b"X-Endless: and so on\r\n"))


def endless_informational() -> Fault:
    """Send `100 Continue` forever."""
    return sends_forever(b"", _many(b"HTTP/1.1 100 Continue\r\n\r\n"))


def _many(line: bytes) -> bytes:
    return line * (_CHUNK // len(line))
