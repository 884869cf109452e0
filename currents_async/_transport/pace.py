"""When the next request may leave: pauses, rate and slots; pure, with the time passed in."""

import math
from collections import deque
from collections.abc import Callable

from currents_async._transport.cycle import Cycle, Dry
from currents_async._transport.overload import MANY_EXCUSED, Overload
from currents_async._transport.probes import Probes
from currents_async._transport.rate_in_use import PauseReason, RateInUse, RateReason
from currents_async._transport.rate_search import KEPT, LONG_PAUSE, MAX_BATCH, Phase, RateSearch
from currents_async._transport.refusals import Group, Strays
from currents_async._transport.slots import Slots
from currents_async._transport.stated import Stated
from currents_async._transport.window import Window
from currents_async._wire.rate_limits import Allowance

_CATCH_UP = 0.02
"""Seconds of delay that are made up for: timers never fire early."""

_FULL = 0.7
"""The share of a window that must have been used when it ends, or it is none."""

_FEW = 10
"""Requests below which a window may be none: little was to be sent."""

_ONE_ROUND = 2.2
"""Round trips within which a blast has ended, if it may have ended for want of slots."""

_LONG = 1.0
"""Seconds of a pause that is reported if it takes longer."""

_REASONS: dict[Phase, RateReason] = {
    Phase.UNLIMITED: "unlimited",
    Phase.SEARCH: "found",
    Phase.FOUND: "found",
    Phase.TOLD: "told",
}


class Pace:
    """The pauses that all requests keep, and what is known about the limiter of the server.

    While nothing is known, requests leave as they come. Of the ways to limit them, four are told
    apart: a rate, a number of requests in a long window, a number at once, and no limit at all,
    where a refusal was a stray.
    """

    def __init__(
        self,
        max_rate: float | None = None,
        *,
        workers: int = 16,
        changed: Callable[[], None] = lambda: None,
        paused: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin without a limit, or with a given one.

        `changed` is called when one is found, `paused` once for each pause of over a second.
        """
        self._max_rate = math.inf if max_rate is None else max_rate * KEPT
        self._changed = changed
        self._paused = paused
        self._search = RateSearch()
        self._slots = Slots(workers)
        self._window = Window()
        self._strays = Strays(workers)
        self._in_flight = 0
        self._latency = 0.0
        self._jitter = 0.0
        self._began = math.nan
        """When the first request left."""
        self._accepted = 0
        self._refused = 0
        self._overload = Overload()
        self._cycle = Cycle(-math.inf)
        self._group: Group | None = None
        self._dry: Group | None = None
        """What has made us pause, until the pause is over."""
        self._dried_at: float | None = None
        """When the server had enough the last time."""
        self._is_reopening = False
        self._late = 0
        """Responses after the last refusal, which count for the cycle after it."""
        self._first_cycle: int | None = None
        """What the first cycle accepted that ended with a pause."""
        self._probes = Probes()
        self._paused_until = -math.inf
        self._asked_until = -math.inf
        self._reported_until = -math.inf
        """The end of the last pause that was reported."""
        self._next = -math.inf
        self._left: deque[float] = deque(maxlen=MAX_BATCH)
        """When the last requests left."""
        self._stated = Stated()
        self._is_calm = False
        """Whether nothing is known that holds any request back but what the server states: then
        most of the following need not be asked."""

    # --- what may leave

    @property
    def rate(self) -> float:
        """Requests per second; infinity while there is no limit."""
        return min(self._max_rate, self._search.rate)

    @property
    def excused(self) -> int:
        """How many failures of one call may be due to load."""
        is_limited = self._search.phase is not Phase.UNLIMITED
        return MANY_EXCUSED if is_limited else self._overload.excused

    def in_use(self, now: float) -> RateInUse:
        """Describe how fast requests leave."""
        rate, found = self.rate, self._search.rate
        return RateInUse(
            per_second=None if math.isinf(rate) else rate,
            reason=_REASONS[self._search.phase] if found <= self._max_rate else "given",
            pause_left=max(0.0, self._paused_until - now),
            pause_reason=self._pause_reason(now),
            in_flight=self._in_flight,
            slots=None if math.isinf(self._slots.limit) else int(self._slots.limit),
            window=self._window.size,
            throttles=self._refused,
        )

    def _pause_reason(self, now: float) -> PauseReason | None:
        if now >= self._paused_until:
            return None
        return "asked" if self._asked_until >= self._paused_until else "search"

    @property
    def accepted_so_far(self) -> int:
        """Responses so far that are no refusals."""
        return self._accepted

    def pause_left(self, now: float) -> float:
        """Return the seconds until the end of the pause that the server asked for."""
        return max(0.0, self._asked_until - now)

    def has_room(self, now: float) -> bool:
        """Return whether another request may be in flight, apart from the rate."""
        in_flight = self._in_flight
        if self._probes.are_sent:
            return not in_flight
        if in_flight >= self._slots.limit or not self._window.may_send(in_flight):
            return False
        return not math.isinf(self.rate) or self._stated.has_room(now, in_flight)

    def delay(self, now: float) -> float:
        """Return the seconds until the next request may leave."""
        self._settle(now)
        wait = self._paused_until - now
        if self._group is not None:
            wait = max(wait, self._group.until - now)
        if self._search.phase is not Phase.UNLIMITED:
            self._search.grow(now)
            if self._search.is_over:
                self._search = RateSearch()
                self._changed()
        if not math.isinf(rate := self.rate):
            wait = max(wait, self._due(rate, now) - now)
        return max(0.0, wait)

    def leave_now(self, now: float) -> bool:
        """Let a request leave if it may; return whether it does."""
        if self._is_calm:
            if self._stated.has_room(now, self._in_flight):
                self._in_flight += 1
                return True
            return False
        if self.delay(now) or not self.has_room(now):
            return False
        self.leave(now)
        self._is_calm = self._nothing_is_known(now)
        return True

    def _nothing_is_known(self, now: float) -> bool:
        return (
            math.isinf(self.rate)
            and now >= self._paused_until
            and self._group is self._dry is None
            and not (self._probes.are_sent or self._is_reopening or self._slots.are_limited)
            and self._window.size is None
            and self._overload.is_over
        )

    def leave(self, now: float, *, late: float = 0) -> None:
        """Note that a request leaves now; `late` is by how many seconds a timer has delayed it."""
        self._in_flight += 1
        self._window.left()
        if math.isnan(self._began):
            self._began = now
            self._cycle = Cycle(now)
        if not math.isinf(rate := self.rate):
            ahead = max(min(late, _CATCH_UP), self._search.credit / rate)
            self._search.idle(now - self._due(rate, now) - ahead)
            self._left.append(now)
            self._next = max(self._next + 1 / rate, now - ahead)

    def _due(self, rate: float, now: float) -> float:
        """Return when the next request is due: evenly, unless the server takes batches."""
        batch, left = self._search.batch, self._left
        if batch == 1 or self._max_rate < self._search.rate:
            return self._next + 1 / rate
        return left[-batch] + batch / rate if len(left) >= batch else now

    def pause(self, now: float, seconds: float) -> None:
        """Pause; the pause that ends last counts."""
        self._is_calm = False
        self._asked_until = max(self._asked_until, now + seconds)
        self._pause_until(self._asked_until, now)

    def _pause_until(self, end: float, now: float) -> None:
        self._paused_until = max(self._paused_until, end)
        is_reported = now < self._reported_until
        if is_reported or self._paused_until - now > _LONG:
            self._reported_until = self._paused_until
        if not is_reported and now < self._reported_until:
            self._paused()

    # --- what comes back

    def lost(self) -> None:
        """Note that a request is over without a response."""
        self._in_flight -= 1

    def accepted(self, now: float, *, sent: float, said: Allowance | None = None) -> None:
        """Note a response that is not a refusal; `said` is what it says about the limit."""
        self._in_flight -= 1
        self._accepted += 1
        if said is not None:
            self._stated.hear(now, said)
        self._measure(now - sent)
        if self._is_calm:
            self._cycle.add(now)
            return
        self._overload.accepted()
        if self._probes.are_sent and self._dry is not None:
            self._resume(now, self._dry)
            self._probes.passed(now)
        self._probes.others_pass()
        group = self._group
        if group is None or sent <= group.sent:
            self._cycle.add(now)
        else:
            group.passed += 1
            self._cycle.add_late()
        self._window.accepted()
        if self._slots.are_limited and group is None:
            self._slots.accepted()
        self._settle(now)

    def _measure(self, took: float) -> None:
        """Note the seconds from a request to its response."""
        latency = self._latency
        if latency:
            change = took - latency
            self._jitter += (abs(change) - self._jitter) / 32
            self._latency = latency + change / 8
        else:
            self._jitter = took / 8
            self._latency = took

    def failed(
        self, now: float, *, sent: float, wait: float | None = None, is_first: bool = True
    ) -> bool:
        """Note an error that may mean overload; return whether it does, as there are many."""
        self._is_calm = False
        self._overload.failed(self._accepted, is_first=is_first)
        if (self._overload.is_likely or self._probes.are_sent) and not self._probes.are_over:
            self._refuse(now, sent=sent, wait=wait)
            if self._probes.are_over:
                self._stop_probing(now)
            return True
        self._in_flight -= 1
        if wait:
            self.pause(now, wait)
        return False

    def throttled(
        self,
        now: float,
        *,
        sent: float,
        wait: float | None = None,
        said: Allowance | None = None,
    ) -> None:
        """Note that the server has refused a request that was sent at a time.

        `wait` is how many seconds it asks for, None if it does not say.
        """
        self._overload.refused()
        self._refuse(now, sent=sent, wait=wait, said=said)

    def _refuse(
        self,
        now: float,
        *,
        sent: float,
        wait: float | None = None,
        said: Allowance | None = None,
    ) -> None:
        self._is_calm = False
        self._in_flight -= 1
        self._refused += 1
        if said is not None:
            self._stated.hear(now, said)
        if wait is not None:
            self.pause(now, wait)
        if self._probes.are_sent:
            then = self._probes.failed(now)
            if wait is None:
                self._pause_until(then, now)
        elif self._group is not None:
            self._group.refused += 1
            self._group.is_silent &= wait is None
        elif sent >= self._cycle.began and self._dry is None and not self._is_stray(wait, said):
            self._group = Group(now, sent, self._latency, is_silent=wait is None)
            if wait is None:
                self._group.refused = max(1, self._overload.refusals)
            if said is not None and said.is_spent:
                self._group.said = said
        self._settle(now)

    # --- what it means

    def _settle(self, now: float) -> None:
        """Decide what has become decidable."""
        group = self._group
        if group is not None and (now >= group.until or not self._in_flight):
            self._group = None
            self._judge(now, group)
        if now < self._paused_until:
            return
        if self._is_reopening:
            self._is_reopening = False
            self._open(now)
        if self._dry is not None and not self._probes.are_sent:
            if self._dry.is_silent:
                self._probes.are_sent = True
            else:
                self._resume(now, self._dry)

    def _judge(self, now: float, group: Group) -> None:
        search, slots = self._search, self._slots
        if slots.are_limited:
            if slots.refused(mixed=group.is_mixed):
                self._carry_on(group)
                self._changed()
                return
        elif self._may_lack_slots(group) and slots.try_out(self._until(group)):
            search.begin(self._describe(group, now))
            self._dried_at = group.at
            self._carry_on(group)
            self._changed()
            return
        if self._may_be_stray(group) and not self._strays.mean_a_limit(
            group,
            began=self._began,
            lasted=group.at - self._cycle.began,
            accepted=self._accepted,
            limited_at=None if math.isinf(search.rate) else self._dried_at,
        ):
            self._dried_at = group.at
            self._carry_on(group)
            return
        self._dry = group
        if group.is_silent:
            size = self._window.size or 0
            is_window = self._until(group) >= _FULL * size >= _FULL * _FEW
            first = self._probes.first(group.at, began=self._cycle.began, is_window=is_window)
            self._pause_until(first, now)

    def _is_stray(self, wait: float | None, said: Allowance | None) -> bool:
        """Return whether a refusal that says nothing concerns its own request alone."""
        says = wait is not None or (said is not None and said.is_spent)
        is_limited = self._slots.are_limited or self._window.size is not None
        return not says and not is_limited and not self._overload.is_certain

    def _may_be_stray(self, group: Group) -> bool:
        is_limited = group.said is not None or self._window.size is not None
        return (
            group.is_lone and not group.is_silent and not is_limited and not self._search.is_trying
        )

    def _may_lack_slots(self, group: Group) -> bool:
        return (
            group.is_silent
            and group.refused > 1
            and not group.is_mostly_passed
            and self._search.phase is Phase.UNLIMITED
            and self._dried_at is None
            and group.at - self._cycle.began < _ONE_ROUND * self._latency + 0.01
        )

    def _until(self, group: Group) -> int:
        """Return what the cycle had accepted until a refusal."""
        return self._cycle.accepted - group.passed

    def _carry_on(self, group: Group) -> None:
        """Go on as before once the pause is over."""
        self._late = group.passed
        self._is_reopening = True

    def _resume(self, now: float, group: Group) -> None:
        """Go on after a pause, with what it has taught."""
        self._dry = None
        dry = self._describe(group, now)
        self._late = group.passed
        if self._is_window(dry):
            if self._window.size is None and not self._search.is_trying:
                self._search.begin(dry)
            self._window.began(dry.accepted)
        else:
            self._window.began(None)
            self._search.limited(dry)
        self._dried_at = group.at
        self._open(now)
        if self._search.is_known or self._window.size:
            self._changed()

    def _stop_probing(self, now: float) -> None:
        """Take failures for what they are: the service is not limited, but down."""
        self._dry = None
        self._probes.end()
        self._paused_until = self._asked_until
        self._reported_until = min(self._reported_until, self._paused_until)
        self._open(now)

    def _describe(self, group: Group, now: float) -> Dry:
        return Dry(
            at=group.at,
            pause=max(0.0, self._paused_until - group.at),
            resumes=now,
            cycle=self._cycle,
            accepted=self._until(group),
            since_last=None if self._dried_at is None else group.at - self._dried_at,
            latency=self._latency,
            jitter=self._jitter,
            told=group.said,
        )

    def _is_window(self, dry: Dry) -> bool:
        size = self._window.size or self._first_cycle
        self._first_cycle = self._first_cycle or dry.accepted
        return dry.pause >= LONG_PAUSE and (size is None or dry.accepted >= _FULL * size)

    def _open(self, now: float) -> None:
        self._cycle = Cycle(now, self._late)
        self._overload.begin_anew()
        self._late = 0
        self._window.reopened()
        rate = self.rate
        at_once = self._search.credit + (not self._probes.are_sent)
        self._next = now if math.isinf(rate) else now - at_once / rate
