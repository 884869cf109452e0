"""Responses that will be looked for soon, read together with the one that is looked for now.

To read one takes a tenth of a millisecond, but to have a thread do it up to five, as long as the
event loop has other things to do: it has to give up CPython's lock.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Self

from currents_async._cache.responses import KeptResponse, Lookup

_AT_ONCE = 64
_MAX_BYTES = 16 * 1024 * 1024
"""Bytes of responses that have been read and not been looked for, above which no more are read."""


class ReadAhead:
    """What has been announced, and what has been read of it; empty once nobody announces any more.

    A context manager for each that does.
    """

    def __init__(self) -> None:
        self._users = 0
        self._expected: dict[bytes, Lookup] = {}
        self._found: dict[bytes, KeptResponse | None] = {}
        self._bytes = 0
        self._forgotten: set[bytes] = set()
        """Runs forgotten since it was said what to read: what is read of them is out of date."""

    def __enter__(self) -> Self:
        self._users += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._users -= 1
        if not self._users:
            self._expected.clear()
            self._found.clear()
            self._bytes = 0

    def expect(self, lookups: Iterable[Lookup]) -> None:
        """Note what will be looked for, in this order."""
        self._expected.update((lookup.name, lookup) for lookup in lookups)

    def next(self, asked: Iterable[Lookup]) -> list[Lookup]:
        """Return what to read besides what is looked for now."""
        self._forgotten.clear()
        is_expected = [self._expected.pop(lookup.name, None) for lookup in asked]
        if not any(is_expected) or self._bytes > _MAX_BYTES:
            return []
        names = list(islice(self._expected, _AT_ONCE))
        return [self._expected.pop(name) for name in names]

    def put(self, lookups: Sequence[Lookup], results: Iterable[KeptResponse | None]) -> None:
        """Note what has been read, None for what is not kept."""
        if not self._users:
            return
        for lookup, result in zip(lookups, results, strict=True):
            if result is not None and result.run in self._forgotten:
                continue
            self._found[lookup.name] = result
            self._bytes += 0 if result is None else len(result.body)

    def has(self, lookup: Lookup) -> bool:
        """Return whether a response has been looked for ahead."""
        return lookup.name in self._found

    def take(self, lookup: Lookup) -> KeptResponse | None:
        """Return what was found, once."""
        found = self._found.pop(lookup.name)
        self._bytes -= 0 if found is None else len(found.body)
        return found

    def forget(self, run: bytes) -> None:
        """Forget what was found of a run, or is being read; it is looked for once more."""
        self._forgotten.add(run)
        gone = [one for one in self._found.values() if one is not None and one.run == run]
        for one in gone:
            del self._found[one.name]
            self._bytes -= len(one.body)
