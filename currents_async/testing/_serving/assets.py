"""The host of assets: signed URLs that expire, and files that can be downloaded by ranges.

It responds as S3 does: refusals are XML, and a request with an API key besides the signature gets
400. Source: `docs/api/asset-urls.md`, "Expiry".
"""

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import md5
from http.client import responses

from aiohttp import web

from currents_async._wire.record_key import HEADER as RECORD_KEY
from currents_async.models._signed import read_expiry
from currents_async.testing._serving.asset_files import AssetFile, make_file
from currents_async.testing._serving.link_pages import LINK_PATHS, LinkPages, point_to
from currents_async.testing._serving.requests import DOWNLOAD, UPLOAD, RecordedRequest
from currents_async.testing._serving.sending import WireResponse
from currents_async.testing._serving.site import OperationPath
from currents_async.testing._world.attachments import UPLOAD_SECONDS, UPLOADS, WorldAttachments
from currents_async.testing._world.ids import to_sign
from currents_async.testing.clock import AnyClock

PATHS = (
    *LINK_PATHS,
    OperationPath(DOWNLOAD, "GET", "/{org}/{file:.+}"),
    OperationPath(UPLOAD, "PUT", "/{org}/uploads/{upload_id}"),
)

# Also those of real payloads, signed in any way; in Markdown a bracket ends them.
_ASSET_URL = re.compile(
    rb'https://[^/"?#\s\\()<>]+(/[^"?#\s\\()<>]+)\?(?=[^"\s\\()<>]*Signature=)[^"\s\\()<>]+'
)
_UPLOAD_URL = re.compile(UPLOADS.encode() + rb"(/[A-Za-z0-9/]+)")
_SIGNATURE = "X-Amz-Signature"


class AssetHost:
    """Signs URLs, and serves the files behind them."""

    def __init__(
        self, clock: AnyClock, pages: LinkPages, attachments: WorldAttachments, *, secret: str
    ) -> None:
        self._clock = clock
        self._pages = pages
        self._attachments = attachments
        self._secret = secret.encode()

    def sign_all(self, body: bytes, origin: str) -> bytes:
        """Point the URLs of assets and links in a body to an origin.

        Those of assets are signed from now on.
        """
        query = to_sign(self._now())

        def sign(found: re.Match[bytes]) -> bytes:
            path = found[1].decode()
            signature = self._sign("GET", path, query)
            return f"{origin}{path}?{query}&{_SIGNATURE}={signature}".encode()

        def sign_upload(found: re.Match[bytes]) -> bytes:
            path = found[1].decode()
            attachment = self._attachments.of_upload(path.rpartition("/")[2])
            if attachment is None:
                return found[0]
            # Only createSession leaves the size open.
            size, kind = attachment.size_bytes, attachment.content_type
            length = {} if size is None else {"content-length": str(size)}
            signed = {**length, "content-type": kind}
            query = to_sign(self._now(), UPLOAD_SECONDS, signed=(*signed, "host"))
            signature = self._sign("PUT", path, query, *signed.values())
            return f"{origin}{path}?{query}&{_SIGNATURE}={signature}".encode()

        return _UPLOAD_URL.sub(sign_upload, point_to(origin, _ASSET_URL.sub(sign, body)))

    async def respond(
        self,
        request: web.Request,
        recorded: RecordedRequest,
        *,
        gzip: bool,  # noqa: ARG002 - files are sent as they are
    ) -> WireResponse:
        """Send the file, or the range that is requested."""
        if {"Authorization", RECORD_KEY, "Cookie"} & {*request.headers}:
            return _refuse(400, "InvalidArgument", "Only one auth mechanism allowed")
        if recorded.operation is None:
            return _refuse(404, "NoSuchKey", "The specified key does not exist.")
        if recorded.operation not in {DOWNLOAD, UPLOAD}:
            page = self._pages.find(request)
            return _refuse(404, "NotFound", "Not found") if page is None else _send(request, page)
        refusal = self._refusal(request)
        if refusal is not None:
            return _refuse(403, *refusal)
        if recorded.operation == UPLOAD:
            return self._keep(recorded)
        return _send(request, make_file(recorded.path_args["file"]))

    def failure(self, status: int) -> WireResponse:
        """Make the response with a status, in XML."""
        phrase = responses.get(status, f"Status {status}")
        return _refuse(status, phrase.replace(" ", ""), phrase)

    def _refusal(self, request: web.Request) -> tuple[str, str] | None:
        """Return the code and the message for a URL that must not be served; None if it may be."""
        signature = request.query.get(_SIGNATURE)
        expiry = read_expiry(request.path_qs)
        if signature is None or expiry is None:
            return "AccessDenied", "Access Denied"
        if self._now() >= expiry:
            return "AccessDenied", "Request has expired"
        pairs = request.rel_url.raw_query_string.split("&")
        query = "&".join(pair for pair in pairs if not pair.startswith(f"{_SIGNATURE}="))
        names = request.query.get("X-Amz-SignedHeaders", "").split(";")
        headers = [request.headers.get(name) for name in names if name != "host"]
        right = self._sign(request.method, request.rel_url.raw_path, query, *headers)
        if hmac.compare_digest(right.encode(), signature.encode()):
            return None
        return "SignatureDoesNotMatch", "The request signature does not match the one provided."

    def _keep(self, recorded: RecordedRequest) -> WireResponse:
        """Keep what has been uploaded, unless the body breaks off or is chunked."""
        attachment = self._attachments.of_upload(recorded.path_args["upload_id"])
        if attachment is None:
            return _refuse(404, "NoSuchKey", "The specified key does not exist.")
        if attachment.size_bytes is not None and len(recorded.body) != attachment.size_bytes:
            return _refuse(400, "IncompleteBody", "The body has not the size of its header.")
        attachment.content = recorded.body
        return WireResponse(200, b"", {"ETag": f'"{attachment.attachment_id}"'})

    def _sign(self, method: str, path: str, query: str, *headers: str | None) -> str:
        signed = "\n".join([f"{method} {path}?{query}", *map(str, headers)])
        return hmac.new(self._secret, signed.encode(), "sha256").hexdigest()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(int(self._clock.wall()), UTC)


def _send(request: web.Request, file: AssetFile) -> WireResponse:
    """Send a file, or one range of it (RFC 9110, section 14)."""
    content_type, content = file
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
