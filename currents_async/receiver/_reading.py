"""Decodes the body of a delivery to an event. Error messages contain nothing of the body."""

import hashlib
import logging
import re
from collections.abc import Collection
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from currents_async._config import is_loopback
from currents_async._wire.body_errors import UnexpectedBodyError
from currents_async._wire.built_ins import fill_extra
from currents_async._wire.envelope import decode
from currents_async._wire.mend import mend
from currents_async._wire.notes import Notes
from currents_async.errors import WebhookBodyError
from currents_async.receiver.events import (
    AnyEvent,
    RunCanceled,
    RunFinished,
    RunStarted,
    RunTimedOut,
    UnknownEvent,
)

_logger = logging.getLogger("currents_async.receiver")

_OBJECT = msgspec.json.Decoder(dict[str, Any])
_KINDS: dict[str, type[AnyEvent]] = {
    "RUN_START": RunStarted,
    "RUN_FINISH": RunFinished,
    "RUN_TIMEOUT": RunTimedOut,
    "RUN_CANCELED": RunCanceled,
}

_RUN_PATH = re.compile(r"/run/([A-Za-z0-9_.~-]+)(?:/.*)?")
"""Only unreserved characters, so that the ID is the same however it is quoted."""


def read_event(body: bytes, hosts: Collection[str], sent_at: datetime | None) -> AnyEvent:
    """Return the event in a body; raise `WebhookBodyError` if there is none.

    Only the event's name and its run must be valid. Other invalid fields are mended as in
    responses, or left out.
    """
    # A null counts as absent, as it does in models.
    fields = {name: value for name, value in _decode(body).items() if value is not None}
    name = fields.get("event")
    if not isinstance(name, str):
        raise WebhookBodyError("the delivery names no event")
    kind = _KINDS.get(name, UnknownEvent)
    notes = Notes()
    mended = mend(fields, kind, notes)
    run_id = _run_id(mended.get("runUrl"), hosts)
    if run_id is None and kind is not UnknownEvent:
        raise WebhookBodyError("the delivery names no run")
    # Ours come last: the body must not override the run, the time sent and the key.
    event = msgspec.convert({**mended, "runId": run_id, "sentAt": sent_at, "key": ""}, kind)
    fill_extra(event, {field: value for field, value in mended.items() if field != "event"})
    if notes.bent:
        _logger.debug("mended in %r of run %s: %s", name, run_id, notes)
    return msgspec.structs.replace(event, key=_key(event, body))


def _decode(body: bytes) -> dict[str, Any]:
    try:
        return decode(body, _OBJECT)
    except UnexpectedBodyError as fault:
        reason = str(fault)
    # Outside the `except`: the context of the error would keep the body alive.
    raise WebhookBodyError(reason)


def _run_id(run_url: str | None, hosts: Collection[str]) -> str | None:
    """Return the ID in a URL, or None without one; raise for anything else."""
    if not run_url:
        return None
    run_id = _find_run_id(run_url, hosts)
    if run_id is None:
        raise WebhookBodyError("runUrl is not the URL of a run at an expected host")
    return run_id


def _find_run_id(url: str, hosts: Collection[str]) -> str | None:
    """Return the run's ID from its URL, or None if it is not the URL of a run at one of `hosts`.

    Anything after the ID is ignored: another segment, a query, a fragment.
    """
    if not url.isascii() or not url.isprintable() or {" ", "\\"} & set(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    found = _RUN_PATH.fullmatch(parts.path)
    if found is None or not _is_expected(parts, hosts) or _climbs(parts.path):
        return None
    return found[1]


def _is_expected(parts: SplitResult, hosts: Collection[str]) -> bool:
    # Compared as a whole, with user and port: a host must be expected exactly as it stands.
    if parts.netloc.lower() not in hosts:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def _climbs(path: str) -> bool:
    return any(unquote(segment) in {".", ".."} for segment in path.split("/"))


def _key(event: AnyEvent, body: bytes) -> str:
    body_hash = hashlib.sha256(body).hexdigest()
    parts = (event.name, event.run_id, event.group_id, event.sent_at, body_hash)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
