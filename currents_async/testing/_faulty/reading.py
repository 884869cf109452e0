"""Read requests from a byte stream, with no more of HTTP than clients use."""

import asyncio

from multidict import CIMultiDict, CIMultiDictProxy

from currents_async.testing._faulty.exchange import RawRequest

LIMIT = 1024 * 1024
"""The maximum length of a head in bytes; give the reader this limit."""

_BLANK = b"\r\n\r\n"


async def read_request(reader: asyncio.StreamReader, connection: int) -> RawRequest | None:
    """Read one request, None at the end of the stream; raise ValueError if it is not HTTP."""
    try:
        head = await reader.readuntil(_BLANK)
        start, *lines = head.removesuffix(_BLANK).decode("latin-1").split("\r\n")
        method, target, _ = start.split(" ")
        headers = CIMultiDict(_field(line) for line in lines)
        body = await _read_body(reader, headers)
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise ValueError("the head of the request is too long") from None
    if "Authorization" in headers:
        headers["Authorization"] = "***"
    return RawRequest(
        method=method,
        target=target,
        headers=CIMultiDictProxy(headers),
        body=body,
        connection=connection,
    )


def is_last(request: RawRequest) -> bool:
    """Return whether the client asks to close the connection after the response."""
    return request.headers.get("Connection", "").lower() == "close"


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError(f"not a header: {line!r}")
    return name, value.strip()


async def _read_body(reader: asyncio.StreamReader, headers: CIMultiDict[str]) -> bytes:
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return await _read_chunks(reader)
    return await reader.readexactly(int(headers.get("Content-Length", "0")))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).partition(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    while (await reader.readline()).strip():
        pass  # trailers
    return body
