"""What all calls of a client share, whatever options they were made with."""

import math
from collections.abc import Callable, Iterator
from itertools import count

import msgspec

from currents_async._clock import Clock
from currents_async._config import Limits
from currents_async._transport.gate import Gate
from currents_async._transport.memory import Memory
from currents_async._transport.pace import Pace
from currents_async._transport.proxy import RevealProxy
from currents_async._transport.retry import Quota
from currents_async._transport.session import Session
from currents_async._transport.tracing import Tracing
from currents_async._transport.traffic import Traffic


class CallOptions(msgspec.Struct, frozen=True):
    """What a public call allows itself; all requests it makes share them."""

    deadline: float
    """By the client's clock."""
    bulk: bool = False
    """Whether requests of others may go first."""
    repeat_writes: bool = False
    """Whether a write may be repeated although it may have been carried out."""
    ends_at: float = math.inf
    """When the time is over that the caller gave to something larger; no deadline is later."""

    @property
    def bound(self) -> str:
        """What the deadline comes from."""
        return "Timeouts.total" if self.deadline < self.ends_at else "the timeout that was given"

    def extended(self, seconds: float) -> "CallOptions":
        """Return the same options with so much more time, as far as the caller's allows."""
        deadline = min(self.deadline + seconds, self.ends_at)
        return msgspec.structs.replace(self, deadline=deadline)


class Channel:
    """The way to one server with one key: sessions, pacing, memory, and whoever looks on."""

    def __init__(
        self,
        session: Session,
        *,
        base_url: str,
        redact: Callable[[str], str],
        limits: Limits,
        clock: Clock,
        tracing: Tracing,
        proxy: RevealProxy,
    ) -> None:
        self.session = session
        self.base_url = base_url
        self.redact = redact
        self.limits = limits
        self.clock = clock
        self.tracing = tracing
        self.reveal_proxy = proxy
        self.gate: Gate = Gate(limits.concurrency, Pace(limits.rate), clock)
        self.memory: Memory = Memory(limit=limits.memory, body=limits.body)
        self.quota: Quota = Quota()
        self.traffic: Traffic = Traffic()
        self.numbers: Iterator[int] = count(1)

    async def aclose(self) -> None:
        """Turn away who waits, end what is under way, and close the connections."""
        if self.session.state != "closed":
            self.session.shut()
            self.gate.close()
            await self.session.aclose()
