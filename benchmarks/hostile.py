"""Runs made to hurt a decoder that looks for its array by searching: valid JSON, all of them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from benchmarks.payloads import envelope

_RUN = {"runId": "r", "projectId": "p", "completionState": "COMPLETE", "status": "PASSED"}
_SEPARATORS = '"},{"spec":"x"}],"specs":[{"spec":"' * 8
_INNER = {"spec": "x"}


def hostile(scale: float) -> Iterator[tuple[str, bytes]]:
    """Make each input, with its name; a scale of 1 makes them a few MB large."""

    def count(full: int) -> int:
        return max(1, round(full * scale))

    decoy = {"data": {"specs": _specs(2)}, "specs": [{"specs": _specs(2)}]}
    nested = _specs(count(15_000), extra=decoy)
    yield "nested decoys in each element", _text(nested, {"decoy": decoy}, {"again": decoy})
    keys = [{f"key{index}": 0, **spec} for index, spec in enumerate(_specs(count(60_000)))]
    yield "first key never repeats", _text(keys)
    same_keys = _specs(count(15_000), inner=[_INNER, {"spec": "y"}] * 8)
    yield "separators inside elements", _text(same_keys)
    full = {"spec": "first", "inner": [_INNER] * count(200_000)}
    yield "one element full of separators", _text([full, *_specs(2)])
    in_strings = _specs(count(10_000), machineId=_SEPARATORS)
    yield "separators in strings", _text(in_strings, {"tags": [_SEPARATORS]})
    huge = {"spec": "first", "machineId": '{"spec":"\\' * count(400_000)}
    yield "one huge string", _text([huge, *_specs(2)])
    note = '"specs":[{"spec":' * count(200_000)
    yield "huge string before the array", _text(_specs(2_000), {"note": note})
    decoys: dict[str, Any] = {"decoys": [{"specs": []}] * count(200_000)}
    yield "200,000 decoys before", _text(_specs(2_000), decoys)
    yield "200,000 decoys after", _text(_specs(2_000), {}, decoys)
    names = {"tags": ["specs"] * count(200_000)}
    yield "200,000 strings of its name", _text(_specs(2_000), names)
    yield "empty elements", _text([{}] * count(100_000))
    yield "much white space", msgspec.json.format(_text(_specs(count(40_000))), indent=8)


def _text(
    specs: list[Any], before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> bytes:
    return envelope({**_RUN, **(before or {}), "specs": specs, **(after or {})})


def _specs(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"spec": f"e2e/{index}.spec.ts", "groupId": "g", **more} for index in range(count)]
