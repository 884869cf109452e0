"""Responses read by the decoders that read them in earnest, in each way they have."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, partial
from inspect import getmembers
from typing import Any

import msgspec

from currents_async import CurrentsError
from currents_async._wire.body_errors import BodyError
from currents_async._wire.decoders import decoder_for
from currents_async._wire.elements import ElementDecoder
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.failure import error_for_body, error_for_status
from currents_async.errors import RequestInfo, WebhookError
from currents_async.models import Model
from currents_async.receiver import _reading
from tests.operations import constants

_SENT: RequestInfo = {"operation": "op", "method": "GET", "url": "https://x", "attempts": 1}
_ENDPOINTS = {one.operation: one for one in constants().values() if one.is_json}
_PIECE = 1_000
_FOUND = re.compile(r", got `\w+`")


class Narrow(msgspec.Struct, rename="camel"):
    """What one would narrow specs and tests to."""

    spec: str = ""
    title: tuple[str, ...] = ()
    instance_id: str | None = None


def read(name: str, operation: str, text: bytes) -> str:
    """Return how a response is read: nothing where nothing is missing, else what is wrong.

    Raises whatever is raised that is no `CurrentsError`.
    """
    try:
        if operation:
            return "; ".join(sorted({*_read_response(_ENDPOINTS[operation], text)}))
        if name.startswith("webhook-"):
            event = _reading.read_event(
                text, {"app.currents.dev"}, datetime(2026, 1, 1, tzinfo=UTC)
            )
            use(event)
        else:
            use(error_for_status(_SENT, 409, {}, text, retry_after=None, redact=str))
    except WebhookError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _read_response(endpoint: Endpoint[Any], text: bytes) -> Iterator[str]:
    whole = decoder_for(endpoint)
    makers: list[Any] = [whole]
    if endpoint.arrays:
        array = endpoint.arrays[0]
        makers += [
            partial(ElementDecoder, endpoint.returns, array, element)
            for element in (array.element, Narrow)
        ]
    for maker in makers:
        try:
            yield from _read_with(maker(), text, len(text) if maker is whole else _PIECE)
        except CurrentsError as error:
            yield f"{type(error).__name__}: {_FOUND.sub('', error.args[0])}"


def _read_with(decoder: Any, text: bytes, size: int) -> Iterator[str]:
    try:
        elements = [
            element
            for start in range(0, len(text), size)
            for element in decoder.feed(text[start : start + size])
        ]
        last, data = decoder.flush()
    except BodyError as fault:
        raise error_for_body(_SENT, 200, {}, fault) from None
    use([*elements, *last, data])
    if getattr(decoder, "unreadable", ()):
        yield "the item is left out"


def use(value: Any) -> None:
    """Do with what was read whatever a program might."""
    if isinstance(value, tuple | list):
        for one in value:
            use(one)
    elif isinstance(value, msgspec.Struct):
        _use_model(value)
    elif isinstance(value, datetime):
        assert value > _LONG_AGO


def _use_model(model: msgspec.Struct) -> None:
    with suppress(TypeError):  # some hold objects of any kind, which have no hash
        if (known := hash(model)) in _USED:
            return
        _USED.add(known)
    for name in _attributes(type(model)):
        use(getattr(model, name))
    if isinstance(model, Model):
        model.to_json()


@cache
def _attributes(kind: type[msgspec.Struct]) -> list[str]:
    """Return the names of fields and properties."""
    properties = [name for name, value in getmembers(kind) if isinstance(value, property)]
    return [*kind.__struct_fields__, *properties]


_USED: set[int] = set()
"""Hashes: nearly all of a response is what it was before the change."""
_LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
