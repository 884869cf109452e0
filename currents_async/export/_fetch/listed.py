"""Runs as lists have them: lists and the runs themselves each have fields that the other lacks."""

from hashlib import sha256
from typing import TypeVar

import msgspec

from currents_async.models import ListedRun, Run

T = TypeVar("T", bound=msgspec.Struct)


def digest_of(run: ListedRun) -> str:
    """Return a digest that changes when a list says something new about a run."""
    known = msgspec.json.encode(msgspec.structs.replace(run, cursor=None))
    return sha256(known).hexdigest()[:16]


def with_listed(run: Run, listed: ListedRun) -> Run:
    """Return a run, completed by what only the list has."""
    return _filled(run, listed)


def _filled(one: T, other: msgspec.Struct) -> T:
    """Replace None in a struct, and in nested structs, by the values of a similar one."""
    changes: dict[str, object] = {}
    for name in one.__struct_fields__:
        value, spare = getattr(one, name), getattr(other, name)
        if value is None and spare is not None:
            changes[name] = spare
        elif isinstance(value, msgspec.Struct) and isinstance(spare, msgspec.Struct):
            filled = _filled(value, spare)
            if filled is not value:
                changes[name] = filled
    return msgspec.structs.replace(one, **changes) if changes else one
