"""A server that refuses requests for no reason."""

import random

import msgspec

from currents_async.testing.limiters import Meter, Refusal, Says


class StrayRefusals(msgspec.Struct, frozen=True, kw_only=True):
    """Refuses the first requests, or each by chance, and asks to wait a second if it `says` so."""

    share: float = 0.0
    first: int = 0
    seed: int = 0
    says: Says = Says()

    def meter(self) -> Meter:
        """Begin with the first request."""
        return _Strays(self)


class _Strays(Meter):
    def __init__(self, strays: StrayRefusals) -> None:
        super().__init__(strays.says)
        self._left = strays.first
        self._share = strays.share
        self._random = random.Random(strays.seed).random  # noqa: S311 - not a secret

    def take(self) -> None:
        pass

    def _refuse(self) -> Refusal | None:
        is_stray = self._left > 0 or self._random() < self._share
        self._left -= self._left > 0
        wait = None if self.says.retry_after is None else 1.0
        return Refusal(self.says, wait) if is_stray else None
