"""Runs as lists have them, which know what the runs themselves do not, and the other way round."""

from hashlib import sha256
from typing import TypeVar

import msgspec

from currents_async.models import ListedRun, Run

T = TypeVar("T", bound=msgspec.Struct)


def digest_of(run: ListedRun) -> str:
    """Return what tells whether a list says something else of a run than before."""
    known = msgspec.json.encode(msgspec.structs.replace(run, cursor=None))
    return sha256(known).hexdigest()[:16]


def with_listed(run: Run, listed: ListedRun) -> Run:
    """Return a run with what only the list knows of it."""
    return _filled(run, listed)


def _filled(one: T, other: msgspec.Struct) -> T:
    """Fill what is None in a struct, and in the structs in it, from another of its kind."""
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
