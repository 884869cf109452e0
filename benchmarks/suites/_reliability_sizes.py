"""What the suite `reliability` puts a client through, and what comes of it."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import msgspec

from benchmarks.processes import Counts
from benchmarks.services import Filling
from benchmarks.session import Case
from benchmarks.worker import Sample


class Way(NamedTuple):
    """How a server fails a client, and how often that tries again."""

    kinds: Sequence[str]
    attempts: int | None = None
    """None for the default."""

    @property
    def label(self) -> str:
        """What the tables call it."""
        options = "default options" if self.attempts is None else f"{self.attempts} attempts"
        return f"{options}; {', '.join(self.kinds)}"


# Of 300 that fail three times in a row with 20% each, two are to be expected.
PROMISED = Way(("503", "429", "reset", "truncated", "gzip cut short"), attempts=8)
_UNTHROTTLED = Way(("503", "closed", "reset", "truncated", "gzip cut short"))


class Bomb(NamedTuple):
    """A body that inflates without end, on a client's method."""

    filling: Filling
    method: str


METHODS = {
    "get": Case("currents_get", "runs/r"),
    "stream": Case("currents_stream", "runs/r"),
    "instance": Case("currents_get", "instances/r"),
}
_FILLINGS: tuple[Filling, ...] = ("zeros", "whitespace", "string", "objects", "list")


class Sizes(msgspec.Struct, frozen=True):
    """How much is asked of the client."""

    instances: int
    """Of the run that is fanned out over against failures and against a rate limit."""
    ways: Sequence[Way]
    bulk: int
    """Instances of the run whose memory and speed are measured."""
    bombs: Sequence[Bomb]
    at_once: int
    inflated: int
    """Bytes of a bomb."""
    calls: int
    """To a service that is down."""
    outages: Sequence[str]


FULL = Sizes(
    instances=300,
    ways=(PROMISED, PROMISED._replace(attempts=None), _UNTHROTTLED._replace(attempts=8)),
    bulk=3000,
    bombs=[Bomb(*bomb) for bomb in product(_FILLINGS, METHODS)],
    at_once=16,
    inflated=1_000_000_000,
    calls=3000,
    outages=("503", "reset", "closed"),
)
TINY = Sizes(
    instances=12,
    ways=(PROMISED,),
    bulk=40,
    bombs=[Bomb("whitespace", "get")],
    at_once=2,
    inflated=64_000_000,
    calls=60,
    outages=["503"],
)

SHARE = 0.2
"""Of all requests that fail."""
RATE = 100
"""Requests per second of the server that has a limit."""


class FanOut(msgspec.Struct, frozen=True):
    """A fan-out, and what the server had to do with it."""

    sample: Sample
    lost: int
    """Instances that were not handed over."""
    excess: int
    """What was handed over besides each instance once."""
    counts: Counts

    @property
    def requests(self) -> int:
        """How many the server got."""
        return sum(self.counts.values())

    @property
    def failed(self) -> float:
        """The percentage of all requests that did not succeed."""
        return 100 * (1 - self.counts.get("200", 0) / self.requests)

    @property
    def throttled(self) -> float:
        """The percentage of all responses that were 429."""
        return 100 * self.counts.get("429", 0) / self.requests


class Speed(msgspec.Struct, frozen=True):
    """Fan-outs over a large run of small instances."""

    gzip: float
    """Bytes of an instance."""
    default: list[Sample]
    """On the loop that CPython comes with."""
    fast: list[Sample]
    """On uvloop; empty without it."""
    weighed: list[Sample]
    """Each in a process of its own."""


class Bombed(msgspec.Struct, frozen=True):
    """Bombs of one filling, all at once, on one method."""

    bomb: Bomb
    sample: Sample


class Outage(msgspec.Struct, frozen=True):
    """Calls to a service that is down in one way."""

    kind: str
    sample: Sample
    counts: Counts


class Measured(NamedTuple):
    """The results of all parts."""

    sizes: Sizes
    failing: dict[Way, list[FanOut]]
    limited: list[FanOut]
    speed: Speed
    bombed: list[Bombed]
    outages: list[Outage]
