"""What all calls of a client share, whatever their options."""

from collections.abc import Callable, Iterator
from itertools import count

from currents_async._clock import Clock
from currents_async._config import Limits
from currents_async._transport.gate import Gate
from currents_async._transport.memory import Memory
from currents_async._transport.pace import Pace
from currents_async._transport.proxy import RevealProxy
from currents_async._transport.retry import Quota
from currents_async._transport.session import Session, SessionState
from currents_async._transport.tracing import Tracing, Traffic


class Channel:
    """The way to one server with one key: sessions, rate, memory and observers."""

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
        pace = Pace(limits.rate, workers=limits.concurrency, changed=self._rate_changed)
        self.gate: Gate = Gate(limits.concurrency, pace, clock)
        self.memory: Memory = Memory(limit=limits.memory, body=limits.body)
        self.quota: Quota = Quota()
        self.traffic: Traffic = Traffic()
        self.numbers: Iterator[int] = count(1)

    async def aclose(self) -> None:
        """Refuse queued calls, end those in progress, and close the connections."""
        if self.session.state is not SessionState.CLOSED:
            self.session.shut()
            self.gate.close()
            await self.session.aclose()

    def _rate_changed(self) -> None:
        self.tracing.rate_changed(self.gate.rate)
