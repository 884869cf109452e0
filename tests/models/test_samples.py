"""Whether models have a field for all that a server is known to send."""

import json
from collections.abc import Iterator
from datetime import datetime
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import pytest

from currents_async._wire.decoders import decoder_for
from currents_async.models import CursorPage
from currents_async.models.pages import NumberedPage
from currents_async.receiver.events import AnyEvent
from tests.operations import constants
from tests.sweep.documents import OPERATIONS_OF_SAMPLES, SAMPLES

IGNORED = {
    "$._id": "of the database",
    "$.__v": "of the database",
    "$.id": "of the database",
    "$.results.tests[].groupId": "as in the instance",
    "$.results.tests[].spec": "as in the instance",
}
"""Keys in the `data` of responses, and why no model has them."""
MARK = "_d"
"""Says, everywhere, that a test or an attempt is done (inferred), as its state does."""


@pytest.mark.parametrize("name", sorted(OPERATIONS_OF_SAMPLES))
def test_every_key_of_a_response_has_a_field(name: str) -> None:
    endpoint = ENDPOINTS[OPERATIONS_OF_SAMPLES[name]]
    is_list = get_origin(endpoint.returns) is CursorPage
    kind: Any = list[get_args(endpoint.returns)[0]] if is_list else endpoint.returns  # type: ignore[misc]
    data = json.loads((SAMPLES / f"{name}.json").read_text())["data"]
    assert {*gaps(data, kind, "$")} - {*IGNORED} == set()


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("webhook-*.json")), ids=lambda p: p.stem)
def test_every_key_of_an_event_has_a_field(path: Any) -> None:
    assert [*gaps(json.loads(path.read_text()), AnyEvent, "$")] == []


def test_a_key_without_a_field_is_found() -> None:
    data = [{"cursor": "c", "groups": [{"new": 1, "tests": {"a.b": 2}}], "specs": [{"_d": True}]}]
    endpoint = ENDPOINTS["listProjectRuns"]
    [item] = get_args(endpoint.returns)
    found = {*gaps(data, tuple[item, ...], "$")}  # type: ignore[valid-type]
    assert found == {"$[].groups[].new", "$[].groups[].tests.a.b"}


ENDPOINTS = {one.operation: one for one in constants().values() if one.is_json}


def gaps(value: object, kind: Any, place: str) -> Iterator[str]:
    """Find the places of what a value has and its type does not."""
    plain, args = get_origin(kind) or kind, get_args(kind)
    if plain in {Union, UnionType}:
        found = [[*gaps(value, one, place)] for one in args if fits(value, one)]
        yield from min(found, key=len, default=[])
    elif plain is Annotated:
        yield from gaps(value, args[0], place)
    elif isinstance(value, list):
        for one in value:
            yield from gaps(one, args[0], f"{place}[]")
    elif isinstance(value, dict) and plain is dict:
        for one in value.values():
            yield from gaps(one, args[1], f"{place}.*")
    elif isinstance(value, dict) and isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
        for key in value.keys() - {MARK}:
            if key in fields:
                yield from gaps(value[key], fields[key], f"{place}.{key}")
            else:
                yield f"{place}.{key}"


def fits(value: object, kind: Any) -> bool:
    """Return whether a value may be of a member of a union."""
    plain = get_origin(kind) or kind
    is_struct = isinstance(plain, type) and issubclass(plain, msgspec.Struct)
    if isinstance(value, dict):
        return is_struct or plain is dict
    return plain is tuple if isinstance(value, list) else not is_struct


JOINED = {"instance-playwright-schema-2"}
"""Samples whose models have the values elsewhere: `test_schema_2.py`."""


@pytest.mark.parametrize("name", sorted({*OPERATIONS_OF_SAMPLES} - JOINED))
def test_every_value_is_in_to_dict(name: str) -> None:
    """Every value of a sample is in `to_dict`, under its own name."""
    endpoint = ENDPOINTS[OPERATIONS_OF_SAMPLES[name]]
    text = (SAMPLES / f"{name}.json").read_bytes()
    decoder = decoder_for(endpoint)()
    decoder.feed(text)
    _, data = decoder.flush()
    models = list(data.items) if isinstance(data, CursorPage | NumberedPage) else [data]
    original = msgspec.json.decode(text)["data"]
    originals = original if isinstance(original, list) else [original]
    for expected, model in zip(originals, models, strict=True):
        check(expected, model.to_dict(), "$")
        assert msgspec.json.decode(model.to_json(), type=type(model)).to_dict() == model.to_dict()


def check(expected: Any, actual: Any, place: str) -> None:
    if isinstance(expected, dict):
        assert isinstance(actual, dict), place
        for key in expected.keys() - {MARK}:
            assert key in actual, f"{place}.{key}"
            check(expected[key], actual[key], f"{place}.{key}")
    elif isinstance(expected, list):
        assert isinstance(actual, list), place
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            check(one, other, f"{place}[{index}]")
    elif isinstance(expected, str) and expected.endswith("Z"):
        assert datetime.fromisoformat(str(actual)) == datetime.fromisoformat(expected), place
    else:
        assert actual == expected, place
