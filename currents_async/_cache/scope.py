"""Names and seals of kept responses: no key, no ID and no URL can be read from them."""

from hashlib import blake2b

_SIZE = 16


class Scope:
    """What one credential can find: digests keyed by a secret that is derived from it."""

    __slots__ = ("_digest",)

    def __init__(self, secret: bytes) -> None:
        # The hash keeps the secret where no repr and no traceback with locals shows it.
        self._digest = blake2b(key=secret, digest_size=_SIZE)

    def name(self, url: str) -> bytes:
        """Return the name of what is behind a URL."""
        return self._of(url.encode())

    def seal(self, body: bytes, *others: object) -> bytes:
        """Return a digest of a response, its names and its time."""
        return self._of(repr(others).encode(), body)

    def _of(self, *texts: bytes) -> bytes:
        digest = self._digest.copy()
        for text in texts:
            digest.update(text)
        return digest.digest()
