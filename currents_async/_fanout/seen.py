"""Which IDs have been seen, in a tenth of the memory of a set of them."""

from array import array

_BUCKETS = 1024
"""Each has 50 hashes of 50,000 IDs, which are looked through in a microsecond."""


class Seen:
    """Their hashes of 64 bits: two of 50,000 are the same once in ten thousand million times.

    What is unlikely by chance cannot be brought about either: CPython's hashes have a secret.
    """

    def __init__(self) -> None:
        self._buckets: dict[int, array[int]] = {}

    def add(self, text: str) -> bool:
        """Note an ID; return whether it is new."""
        number = hash(text)
        bucket = self._buckets.get(number % _BUCKETS)
        if bucket is None:
            bucket = self._buckets[number % _BUCKETS] = array("q")
        elif number in bucket:
            return False
        bucket.append(number)
        return True
