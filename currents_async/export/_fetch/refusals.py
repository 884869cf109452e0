"""Refusals of runs and of instances: whether they are about a few of them, or about the key."""

from collections import Counter

from currents_async import ForbiddenError

_MOST = 64
"""Refusals, and nothing else, after which no more is asked for."""


class Refusals:
    """What was refused by each kind of request, as long as nothing else came of it."""

    def __init__(self) -> None:
        self._granted: set[str] = set()
        self._refused: dict[str, ForbiddenError] = {}
        self._counts: Counter[str] = Counter()

    def grant(self, kind: str) -> None:
        """Note that a request of this kind was answered: its refusals are about single items."""
        self._granted.add(kind)

    def refuse(self, kind: str, error: ForbiddenError) -> None:
        """Note a refusal; raise it when there are many, and nothing else."""
        if kind in self._granted:
            return
        self._refused.setdefault(kind, error)
        self._counts[kind] += 1
        if self._counts[kind] >= _MOST:
            raise error

    def check(self) -> None:
        """Raise the first refusal of a kind of which everything was refused, when all is done."""
        refused, self._refused = self._refused, {}
        for kind, error in refused.items():
            if kind not in self._granted:
                raise error
