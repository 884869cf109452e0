"""A host of assets on a real socket, whose responses a test can replace."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from currents_async.testing import World

OLD = "Expires=9999999998&Signature=old~but~secret~signature__"
FRESH = "Expires=9999999999&Signature=fresh~and~secret~signature__"
EXPIRED = "Expires=1&Signature=old~but~secret~signature__"
SECRETS = ("old~but~secret", "fresh~and~secret", "fake-currents-api-key")


class AssetRequest(NamedTuple):
    path: str
    query: str
    headers: Mapping[str, str]

    @property
    def range(self) -> str | None:
        return self.headers.get("Range")


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - of counters that have no event
        await asyncio.sleep(0)


class AssetHost:
    """Serves files with ranges and entity tags; `responses` come first, one for each request."""

    def __init__(self) -> None:
        self.url = ""
        self.files: dict[str, bytes] = {}
        self.responses: deque[Handler] = deque()
        self.requests: list[AssetRequest] = []
        self.signature: str | None = None
        """The query that requests need, or get 403."""
        self.validators: Callable[[bytes], dict[str, str]] = etag
        self.ended = 0
        self.wire_bytes: Callable[[], int] = lambda: 0
        """Returns how many bytes the client has received."""

    def add(self, path: str, size: int = 1000) -> bytes:
        """Serve bytes of which no two blocks are alike."""
        blocks = range(size // 32 + 1)
        content = b"".join(hashlib.sha256(f"{path} {n}".encode()).digest() for n in blocks)[:size]
        self.files[path] = content
        return content

    def signed(self, path: str, query: str = OLD) -> str:
        return f"{self.url}{path}?{query}"

    def is_idle(self) -> bool:
        return self.ended == len(self.requests)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(AssetRequest(request.path, request.query_string, request.headers))
        try:
            if self.responses:
                return await self.responses.popleft()(request)
            return await self.serve(request)
        finally:
            self.ended += 1

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.signature not in {None, request.query_string}:
            text = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
            return web.Response(status=403, text=f"<?xml version='1.0'?>\n{text}")
        if request.path not in self.files:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        content = self.files[request.path]
        start = self._start(request, content)
        headers = self.validators(content)
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return web.Response(status=206 if start else 200, body=content[start:], headers=headers)

    def _start(self, request: web.Request, content: bytes) -> int:
        wanted = request.headers.get("Range")
        if wanted is None or request.headers["If-Range"] not in self.validators(content).values():
            return 0
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def break_after(self, size: int, headers: Mapping[str, str] | None = None) -> Handler:
        """Announce the whole body and send `size` bytes; reset once the client has them."""

        async def respond(request: web.Request) -> web.StreamResponse:
            before = self.wire_bytes()
            whole = await self.serve(request)
            assert isinstance(whole, web.Response)
            assert isinstance(whole.body, bytes)
            response = web.StreamResponse(status=whole.status, headers=whole.headers)
            response.headers.update(headers or {})
            await response.prepare(request)
            await response.write(whole.body[:size])
            await until(lambda: self.wire_bytes() - before >= size)
            assert request.transport is not None
            request.transport.abort()
            return response

        return respond


def etag(content: bytes) -> dict[str, str]:
    return {"ETag": f'"{hashlib.sha256(content).hexdigest()}"'}


def status(code: int, text: str = "", headers: Mapping[str, str] | None = None) -> Handler:
    async def respond(_: web.Request) -> web.StreamResponse:
        return web.Response(status=code, text=text, headers=headers)

    return respond


def part(content: bytes, content_range: str) -> Handler:
    """Respond with 206, whatever was requested."""

    async def respond(_: web.Request) -> web.StreamResponse:
        headers = {"Content-Range": content_range, **etag(content)}
        return web.Response(status=206, body=content, headers=headers)

    return respond


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def stall(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(bytes(64 * 1024))


async def quote_the_query(request: web.Request) -> web.StreamResponse:
    text = f"<Error><Code>Bad</Code><Message>?{request.query_string}</Message></Error>"
    return web.Response(status=403, text=text)


def redirect(to: str, code: int = 302) -> Handler:
    return status(code, headers={"Location": to, "Set-Cookie": "a=b; Path=/"})


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def serve_instance(world: World, instance_id: str, **results: Any) -> None:
    world.add_instance_payload({"instanceId": instance_id, "spec": "a.spec.ts", "results": results})
