"""The host of assets: signed URLs that expire, and files that can be downloaded by ranges.

It responds as CloudFront does in front of S3: refusals are XML, and a request with an API key
besides the signature gets 400.
"""

import base64
import re
from collections.abc import Mapping
from hashlib import md5, shake_256
from hmac import compare_digest
from http.client import responses

from aiohttp import web

from currents_async.testing._serving.asset_files import make_file
from currents_async.testing._serving.requests import DOWNLOAD, RecordedRequest
from currents_async.testing._serving.sending import WireResponse
from currents_async.testing._serving.site import OperationPath
from currents_async.testing.clock import AnyClock

PATHS = (OperationPath(DOWNLOAD, "GET", "/{org}/{file}"),)

_LIFE = 2 * 60 * 60
_KEY_PAIR = "K1ZNDCCIZ3P4FU"
_SIGNATURE_BYTES = 256
# Also those of real payloads; in Markdown a bracket ends them.
_ASSET_URL = re.compile(rb'https://fs[a-z-]*\.currents\.dev(/[^"?#\s\\()<>]+)(?:\?[^"\s\\()<>]*)?')


class AssetHost:
    """Signs URLs, and serves the files behind them."""

    def __init__(self, clock: AnyClock, *, secret: str) -> None:
        self._clock = clock
        self._secret = secret

    def sign_all(self, body: bytes, origin: str) -> bytes:
        """Point the URLs of assets in a body to an origin, and sign them for the next two hours."""
        expires = int(self._clock.wall()) + _LIFE

        def sign(found: re.Match[bytes]) -> bytes:
            path = found[1].decode()
            query = f"Expires={expires}&Key-Pair-Id={_KEY_PAIR}"
            return f"{origin}{path}?{query}&Signature={self._sign(path, expires)}".encode()

        return _ASSET_URL.sub(sign, body)

    async def respond(
        self,
        request: web.Request,
        recorded: RecordedRequest,
        *,
        gzip: bool,  # noqa: ARG002 - files are sent as they are
    ) -> WireResponse:
        """Send the file, or the range that is requested."""
        if "Authorization" in request.headers:
            return _refuse(400, "InvalidArgument", "Only one auth mechanism allowed")
        if recorded.operation is None:
            return _refuse(404, "NoSuchKey", "The specified key does not exist.")
        if not self._is_signed(request):
            return _refuse(403, "AccessDenied", "Access denied")
        return _send_part(request, recorded.path_args["file"])

    def failure(self, status: int) -> WireResponse:
        """Make the response with a status, in XML."""
        phrase = responses.get(status, f"Status {status}")
        return _refuse(status, phrase.replace(" ", ""), phrase)

    def _is_signed(self, request: web.Request) -> bool:
        expires = request.query.get("Expires", "")
        if not re.fullmatch(r"\d{1,12}", expires, re.ASCII) or self._clock.wall() >= int(expires):
            return False
        right = self._sign(request.rel_url.raw_path, int(expires))
        return compare_digest(right.encode(), request.query.get("Signature", "").encode())

    def _sign(self, path: str, expires: int) -> str:
        signed = f"{self._secret} {path} {expires}".encode()
        signature = base64.b64encode(shake_256(signed).digest(_SIGNATURE_BYTES), b"-~")
        return signature.decode().replace("=", "_")


def _send_part(request: web.Request, name: str) -> WireResponse:
    """Send a file, or one range of it (RFC 9110, section 14)."""
    content_type, content = make_file(name)
    etag = f'"{md5(content, usedforsecurity=False).hexdigest()}"'
    headers = {"Content-Type": content_type, "ETag": etag, "Accept-Ranges": "bytes"}
    part = _range_of(request, etag, len(content))
    if part is None:
        return WireResponse(200, content, headers)
    if not part:
        headers["Content-Range"] = f"bytes */{len(content)}"
        return _refuse(416, "InvalidRange", "The requested range is not satisfiable", headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(content)}"
    return WireResponse(206, content[part.start : part.stop], headers)


def _range_of(request: web.Request, etag: str, size: int) -> range | None:
    """Return the requested range, empty if it cannot be satisfied; None is the whole file."""
    if request.headers.get("If-Range", etag) != etag:
        return None
    try:
        requested = request.http_range
    except ValueError:
        return None
    if requested == slice(None, None, 1):
        return None
    return range(size)[requested]


def _refuse(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> WireResponse:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return WireResponse(
        status, text.encode(), {**(headers or {}), "Content-Type": "application/xml"}
    )
