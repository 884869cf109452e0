"""What is looked up in a cache, and what is in there."""

from typing import NamedTuple

from currents_async._cache.scope import Scope


class Lookup(NamedTuple):
    """A response that is looked for."""

    scope: Scope
    name: bytes


class KeptResponse(NamedTuple):
    """A response as it was sent, and when it was requested, in seconds since the epoch."""

    scope: Scope
    name: bytes
    run: bytes
    """The name of the run that it is of, or of a part of."""
    requested_at: float
    encoding: bytes
    body: bytes

    def seal(self) -> bytes:
        """Return a digest of all of it."""
        return self.scope.seal(self.body, self.name, self.run, self.requested_at, self.encoding)
