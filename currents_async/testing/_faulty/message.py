"""Valid HTTP messages, and parts of them, from which faults are made."""

from collections.abc import Iterable, Mapping
from http.client import responses

from currents_async.testing._faulty.exchange import Exchange, Fault
from currents_async.testing._gzip import compress

GZIP = {"Content-Encoding": "gzip"}
CHUNKED = {"Transfer-Encoding": "chunked"}
LAST_CHUNK = b"0\r\n\r\n"


def head(headers: Iterable[tuple[str, str]], status: int = 200) -> bytes:
    """Return a status line and headers, with the blank line after them."""
    lines = [f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def json_head(headers: Mapping[str, str], status: int = 200) -> bytes:
    """Return a head that announces JSON, unless `headers` say otherwise."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    own = {name.lower() for name in headers}
    if "content-type" in own:
        kind = {}
    return head([*kind.items(), *headers.items()], status)


def length(body: bytes) -> dict[str, str]:
    """Return the header that announces the length of a body."""
    return {"Content-Length": str(len(body))}


def chunk(data: bytes) -> bytes:
    """Frame some bytes as a chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def pack(body: bytes, *, gzip: bool) -> tuple[bytes, dict[str, str]]:
    """Return a body as it is sent, and the header that names its encoding."""
    return (compress(body), GZIP) if gzip else (body, {})


def message(
    body: bytes,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    gzip: bool = True,
) -> bytes:
    """Return a whole valid response."""
    packed, encoding = pack(body, gzip=gzip)
    return json_head({**encoding, **length(packed), **(headers or {})}, status) + packed


def sends(data: bytes, *, close: bool) -> Fault:
    """Make a fault that sends some bytes, and then may close the connection."""

    async def fault(exchange: Exchange) -> None:
        await exchange.send(data)
        if close:
            exchange.close()

    return fault


def sends_forever(start: bytes, chunk: bytes) -> Fault:
    """Make a fault that never stops sending."""

    async def fault(exchange: Exchange) -> None:
        await exchange.send(start)
        while True:
            await exchange.send(chunk)

    return fault


def halves(data: bytes) -> tuple[bytes, bytes]:
    """Split bytes in the middle."""
    middle = len(data) // 2
    return data[:middle], data[middle:]
