"""Address nothing but loopback: other attempts are stopped, and named in a file.

Python imports this by its name as it starts, so what the tests start is guarded as they are.
"""

import os
import sys
from typing import Any

REPORT = "LOOPBACK_GUARD_REPORT"
"""The environment variable that names the file."""


def _target(event: str, args: tuple[Any, ...]) -> object:
    match event:
        case "socket.connect" | "socket.sendto" | "socket.sendmsg":
            return args[1][0] if isinstance(args[1], tuple) else None  # else of a Unix socket
        case "socket.getaddrinfo" | "socket.gethostbyname" | "socket.gethostbyaddr":
            return None if _is_number(args[0]) else args[0]
        case _:
            return None


def _is_number(host: object) -> bool:
    """Return whether a host is an address, which needs no lookup."""
    text = host.decode() if isinstance(host, bytes) else host
    return isinstance(text, str) and (":" in text or not text.strip("0123456789."))


def _is_local(host: object) -> bool:
    text = host.decode() if isinstance(host, bytes) else host
    if not isinstance(text, str):  # the parts of a netlink address are numbers
        return True
    return text in {"", "localhost", "::1"} or (text.startswith("127.") and _is_number(text))


def guard(event: str, args: tuple[Any, ...]) -> None:
    """Stop and report an audit event that is about another machine."""
    if not event.startswith("socket.") or _is_local(host := _target(event, args)):
        return
    with open(os.environ[REPORT], "a", encoding="utf-8") as report:  # noqa: PTH123 - starts fast
        report.write(f"{event} {host!r} by {sys.argv}\n")
    # No OSError, which a test may expect.
    raise RuntimeError(f"{event} {host!r}: tests address loopback only")


if __name__ == "sitecustomize":
    sys.addaudithook(guard)
