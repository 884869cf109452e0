"""Runs made to hurt a decoder that looks for its array by searching: valid JSON, all of them."""

from collections.abc import Callable
from typing import Any

import msgspec

_RUN = {
    "runId": "r",
    "projectId": "p",
    "completionState": "COMPLETE",
    "status": "PASSED",
}
_Make = Callable[[int], bytes]


def make_all(scale: float = 1.0) -> dict[str, bytes]:
    """Make each input, by its name; a scale of 1 makes them a few MB large."""
    return {name: make(max(1, round(count * scale))) for name, (make, count) in _INPUTS.items()}


def _text(before: dict[str, Any], specs: Any, after: dict[str, Any] | None = None) -> bytes:
    data = {**_RUN, **before, "specs": specs, **(after or {})}
    return msgspec.json.encode({"status": "OK", "data": data})


def _specs(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"spec": f"e2e/{index}.spec.ts", "groupId": "g", **more} for index in range(count)]


def _nested(count: int) -> bytes:
    """Hide arrays of the same name in the elements and around the array."""
    decoy = {"data": {"specs": _specs(2)}, "specs": [{"specs": _specs(2)}]}
    return _text({"decoy": decoy}, _specs(count, extra=decoy), {"again": decoy})


def _changing_keys(count: int) -> bytes:
    """Begin each element with a key of its own."""
    return _text({}, [{f"key{index}": 0, **spec} for index, spec in enumerate(_specs(count))])


def _same_keys_inside(count: int) -> bytes:
    """Separate objects inside the elements just as the elements are separated."""
    return _text({}, _specs(count, inner=[{"spec": "x"}, {"spec": "y"}] * 8))


def _one_with_same_keys(count: int) -> bytes:
    """Fill a single element with separators."""
    return _text({}, [{"spec": "first", "inner": [{"spec": "x"}] * count}, *_specs(2)])


def _separators_in_strings(count: int) -> bytes:
    """Write separators and array openings into strings."""
    text = '"},{"spec":"x"}],"specs":[{"spec":"' * 8
    return _text({"tags": [text]}, _specs(count, machineId=text))


def _huge_string(count: int) -> bytes:
    """Make one element as long as a run, of one string."""
    return _text({}, [{"spec": "first", "machineId": '{"spec":"\\' * count}, *_specs(2)])


def _huge_string_before(count: int) -> bytes:
    """Put the array behind a string as long as a run."""
    return _text({"note": '"specs":[{"spec":' * count}, _specs(2_000))


def _decoys_before(count: int) -> bytes:
    """Put the array behind others of the same name."""
    return _text({"decoys": [{"specs": []}] * count}, _specs(2_000))


def _decoys_after(count: int) -> bytes:
    """Put others of the same name behind the array."""
    return _text({}, _specs(2_000), {"decoys": [{"specs": []}] * count})


def _decoy_names(count: int) -> bytes:
    """Put the name of the array into strings in front of it."""
    return _text({"tags": ["specs"] * count}, _specs(2_000))


def _empty_elements(count: int) -> bytes:
    """Give the elements nothing to be recognised by."""
    return _text({}, [{}] * count)


def _spaced(count: int) -> bytes:
    """Format with much white space."""
    return msgspec.json.format(_text({}, _specs(count)), indent=8)


_INPUTS: dict[str, tuple[_Make, int]] = {
    "nested decoys in each element": (_nested, 15_000),
    "first key never repeats": (_changing_keys, 60_000),
    "separators inside elements": (_same_keys_inside, 15_000),
    "one element full of separators": (_one_with_same_keys, 200_000),
    "separators in strings": (_separators_in_strings, 10_000),
    "one huge string": (_huge_string, 400_000),
    "huge string before the array": (_huge_string_before, 200_000),
    "200,000 decoys before": (_decoys_before, 200_000),
    "200,000 decoys after": (_decoys_after, 200_000),
    "200,000 strings of its name": (_decoy_names, 200_000),
    "empty elements": (_empty_elements, 100_000),
    "much white space": (_spaced, 40_000),
}
