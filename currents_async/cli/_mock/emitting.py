"""`mock emit`: ask a running server to let an event happen."""

import os
import sys
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from currents_async._config import FoundUrl, base_url_in_environment, check_base_url
from currents_async._transport.aiohttp_errors import reason_of
from currents_async.cli import _exit
from currents_async.cli._mock.log import delivery_line
from currents_async.cli._streams import complain, one_line

_HERE = "http://127.0.0.1:4000"
_OK = range(200, 300)
_NOT_FOUND = 404
_SECONDS = aiohttp.ClientTimeout(total=30)


class _Posted(msgspec.Struct):
    url: str
    event: str
    status: int | None
    error: str | None


class _Failure(msgspec.Struct):
    error: str


class _Emitted(msgspec.Struct):
    run_id: str
    deliveries: list[_Posted]


async def ask(url: str | None, api_key: str | None, **event: Any) -> int:
    """Print what was posted, and return the exit code."""
    origin, key = _where(url, api_key)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    wanted = {name: value for name, value in event.items() if value is not None}
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=_SECONDS) as session,
            session.post(f"{origin}/_fake/emit", json=wanted, allow_redirects=False) as response,
        ):
            status, body = response.status, await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        complain(f"no server of `mock serve` at {origin}: {reason_of(error)}")
        return _exit.FAILED
    if status not in _OK:
        complain(f"{origin} refused with {status}: {_error_of(body)}")
        return _exit.NOT_FOUND if status == _NOT_FOUND else _exit.FAILED
    return _report(msgspec.json.decode(body, type=_Emitted), wanted["event"])


def _where(url: str | None, api_key: str | None) -> tuple[str, str | None]:
    """Return the origin of the server, and its key; that of the environment is not for --url."""
    found = base_url_in_environment() if url is None else FoundUrl("--url", url)
    if found is None:
        return _HERE, api_key
    parts = urlsplit(check_base_url(found.url, found.variable, allow_http=True))
    known = os.environ.get("CURRENTS_API_KEY") if url is None else None
    return f"{parts.scheme}://{parts.netloc}", api_key or known


def _error_of(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Failure).error
    except msgspec.DecodeError:
        return "it is no server of `mock serve`"


def _report(emitted: _Emitted, event: str) -> int:
    sys.stdout.write(f"run {emitted.run_id}\n")
    for one in emitted.deliveries:
        line = delivery_line(one.event, one.url, one.error if one.status is None else one.status)
        sys.stdout.write(one_line(line) + "\n")
    if not emitted.deliveries:
        sys.stdout.write(f"no webhook wants it: `webhooks create URL --event {event}` makes one\n")
    return _exit.OK if all(one.status in _OK for one in emitted.deliveries) else _exit.FAILED
