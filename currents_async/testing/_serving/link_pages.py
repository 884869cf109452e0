"""What is behind shares and trace links: made up, but for the names and states of tests.

Source: `docs/api/operations.md`, "Sharing and traces", which gives no media types.
"""

from collections.abc import Callable

import msgspec
from aiohttp import web

from currents_async.testing._serving.asset_files import AssetFile, make_file
from currents_async.testing._serving.requests import READ_SHARE, READ_TRACE, TOKEN
from currents_async.testing._serving.site import OperationPath
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import seconds_ms
from currents_async.testing._world.links import SHARES, TRACES, WorldLink, WorldLinks
from currents_async.testing.clock import AnyClock

LINK_PATHS = (
    OperationPath(READ_SHARE, "GET", f"/share/ai/{{{TOKEN}}}"),
    OperationPath(READ_TRACE, "GET", f"/trace/{{{TOKEN}}}{{view:.*}}"),
)
_PREFIXES = {SHARES.encode(): b"/share", TRACES.encode(): b"/trace"}

_FRAMES = (0, 1250.5, 2400)
_GIF = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
_REQUESTS: tuple[Wire, ...] = (
    {"method": "GET", "url": "https://shop.example.com/", "status": 200},
    {"method": "POST", "url": "https://shop.example.com/cart", "status": 500},
)
_FAILURE = 400


class LinkPages:
    """Finds what is behind a link, until it expires."""

    def __init__(self, shares: WorldLinks, traces: WorldLinks, clock: AnyClock) -> None:
        self._shares = shares
        self._traces = traces
        self._clock = clock

    def find(self, request: web.Request) -> AssetFile | None:
        """Return what to send; None if there is nothing, or no longer."""
        token = request.match_info[TOKEN]
        now = seconds_ms(self._clock.wall())
        if "view" not in request.match_info:
            return _read_share(self._shares.valid(token.removesuffix(".md"), now), token)
        link = self._traces.valid(token, now)
        return None if link is None else _read_trace(link, request)


def point_to(origin: str, body: bytes) -> bytes:
    """Return a body whose links lead to an origin."""
    for host, prefix in _PREFIXES.items():
        body = body.replace(host, origin.encode() + prefix)
    return body


def _read_share(link: WorldLink | None, token: str) -> AssetFile | None:
    if link is None:
        return None
    return _markdown(link) if token.endswith(".md") else _page(link)


def _read_trace(link: WorldLink, request: web.Request) -> AssetFile | None:
    match request.match_info["view"].split("/")[1:]:
        case []:
            return _page(link)
        case ["frames", t]:
            return make_file(f"{t}.png") if t in map(str, _FRAMES) else None
        case [view] if view in _VIEWS:
            return _VIEWS[view](link, request)
        case _:
            return None


def _markdown(link: WorldLink) -> AssetFile:
    return AssetFile("text/markdown; charset=utf-8", link.markdown.encode())


def _page(link: WorldLink) -> AssetFile:
    return AssetFile("text/html; charset=utf-8", f"<pre>{link.markdown}</pre>\n".encode())


def _json(data: object) -> AssetFile:
    return AssetFile("application/json", msgspec.json.encode(data))


def _requests(request: web.Request) -> AssetFile:
    failed = request.query.get("status") == "failed"
    return _json([one for one in _REQUESTS if not failed or one["status"] >= _FAILURE])


_VIEWS: dict[str, Callable[[WorldLink, web.Request], AssetFile | None]] = {
    "digest": lambda link, request: _markdown(link) if "format" in request.query else _page(link),
    "download": lambda _, __: make_file("trace.zip"),
    "filmstrip": lambda _, __: make_file("filmstrip.png"),
    "animation": lambda _, __: AssetFile("image/gif", _GIF),
    "frames": lambda _, __: _json([{"t": t} for t in _FRAMES]),
    "snapshots": lambda _, __: _json([{"t": t, "tree": "- button"} for t in _FRAMES]),
    "requests": lambda _, request: _requests(request),
    "attachments": lambda _, __: _json([{"name": "error-context.md"}]),
}
