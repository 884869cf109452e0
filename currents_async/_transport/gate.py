"""The gate that all requests of a client pass: a number at once, at the rate the server allows.

Requests queue for a slot; urgent ones overtake bulk ones, and none leaves during a pause. As long
as the rate is not known, no more are in flight than the server says are left: it would refuse them.
"""

import asyncio
import logging
import math
from collections.abc import Mapping
from functools import partial
from heapq import heappop, heappush
from http import HTTPStatus
from itertools import count
from typing import NamedTuple

from currents_async._clock import Clock, Timer
from currents_async._transport.pace import Pace
from currents_async._transport.rate_in_use import RateInUse
from currents_async._transport.retry import OVERLOADED, PAUSING
from currents_async._wire.rate_limits import Allowance, RateLimit, rate_limit
from currents_async._wire.throttle import requested_wait
from currents_async.errors import ClientClosedError

_logger = logging.getLogger("currents_async")

_FIRST_ERROR = 300
_THROTTLED = int(HTTPStatus.TOO_MANY_REQUESTS)

MAX_PAUSE = 60.0
"""Seconds: a call that would have to wait longer fails at once instead."""


class PauseTooLongError(Exception):
    """The server asked for a longer pause than there is time for; becomes a `RateLimitedError`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class DeadlineExpiredError(Exception):
    """The deadline expired in the queue; becomes a `RequestTimeoutError`."""


class Heeded(NamedTuple):
    """What a response means for the next attempt."""

    wait: float | None = None
    """Seconds that it asks to wait, if it does."""
    is_throttle: bool = False
    """Whether the request was refused because there were too many."""
    excused: int = 0
    """How many failures of the call may be due to load."""


NOTHING_HEEDED = Heeded()


class _Waiter:
    __slots__ = ("deadline", "slot")

    def __init__(self, slot: "asyncio.Future[None]", deadline: float) -> None:
        self.slot = slot
        self.deadline = deadline


class Gate:
    """Lets requests pass, at most `slots` at once, in order of urgency and arrival."""

    def __init__(self, slots: int, pace: Pace, clock: Clock) -> None:
        self.last_known: RateLimit | None = None
        """What the server last said about its rate limit."""
        self._slots = slots
        self._pace = pace
        self._clock = clock
        self._numbers = count()
        self._waiting: list[tuple[bool, int, _Waiter]] = []
        self._asleep: set[asyncio.Future[None]] = set()
        self._timer: Timer | None = None

    def enter_now(self, deadline: float) -> bool:
        """Take a slot if there is one now; return whether there was. Raises as `enter` does."""
        now = self._clock.now()
        if now >= deadline:
            raise DeadlineExpiredError
        if self._waiting or not self._slots or not self._pace.leave_now(now):
            return False
        self._slots -= 1
        return True

    async def enter(self, *, bulk: bool, deadline: float) -> None:
        """Wait for a slot, until a deadline by the clock; `leave` gives it back.

        Raises `PauseTooLongError` at once when the server asks for a longer pause than there is
        time for, and `DeadlineExpiredError` at the deadline.
        """
        if self.enter_now(deadline):
            return
        now = self._clock.now()
        self._check_pause(now, deadline)
        waiter = _Waiter(asyncio.get_running_loop().create_future(), deadline)
        heappush(self._waiting, (bulk, next(self._numbers), waiter))
        self._advance()
        await self._wait(waiter, deadline - now)

    def leave(self, *, responded: bool = False) -> None:
        """Give a slot back; `responded` is True after `accepted` or `throttled` was called."""
        self._slots += 1
        if not responded:
            self._pace.lost()
        if self._waiting:
            self._advance()

    @property
    def rate(self) -> RateInUse:
        """The rate in use."""
        return self._pace.in_use(self._clock.now())

    @property
    def accepted_so_far(self) -> int:
        """The responses so far that are no refusals."""
        return self._pace.accepted_so_far

    def delay(self) -> float:
        """Return the seconds until the next request may pass."""
        return self._pace.delay(self._clock.now())

    def succeeded(self, headers: Mapping[str, str], *, sent: float) -> None:
        """Note what a success says about the rate limit; `sent` as in `responded`."""
        self.accepted(sent=sent, said=self._heard(headers, self._clock.wall()))

    def _heard(self, headers: Mapping[str, str], wall: float) -> Allowance | None:
        """Return what headers say about the rate limit."""
        known, said = rate_limit(headers, wall)
        if known is not None:
            self.last_known = known
            if said is None:
                _logger.debug("the rate limit in the headers makes no sense: %r", known)
        return said

    def responded(
        self, status: int, headers: Mapping[str, str], *, sent: float, is_first: bool = True
    ) -> Heeded:
        """Note what a response to a request says about the rate limit.

        `sent` is when the request was sent, `is_first` whether it is the call's first attempt.
        """
        wall = self._clock.wall()
        said = self._heard(headers, wall)
        if status < _FIRST_ERROR:
            self.accepted(sent=sent, said=said)
            return NOTHING_HEEDED
        wait = requested_wait(headers, wall, throttled=status == _THROTTLED)
        if status == _THROTTLED:
            self.throttled(sent=sent, wait=wait, said=said)
            return Heeded(wait, is_throttle=True)
        if status in OVERLOADED:
            is_throttle = self.failed(sent=sent, wait=wait, is_first=is_first)
            return Heeded(wait, is_throttle, self._pace.excused)
        if wait and status in PAUSING:
            self.pause(wait)
        self.accepted(sent=sent, said=said)
        return Heeded(wait)

    def accepted(self, *, sent: float, said: Allowance | None = None) -> None:
        """Note that the server has responded, and has not refused the request for its rate.

        `sent` is when the request was sent, `said` what the response says about the rate limit.
        """
        self._pace.accepted(self._clock.now(), sent=sent, said=said)
        if self._waiting and self._slots:
            self._advance()

    def failed(self, *, sent: float, wait: float | None = None, is_first: bool = True) -> bool:
        """Note an error that may mean overload; return whether it does, as there are many."""
        now = self._clock.now()
        is_throttle = self._pace.failed(now, sent=sent, wait=wait, is_first=is_first)
        self._fail_hasty()
        return is_throttle

    def throttled(
        self, *, sent: float, wait: float | None = None, said: Allowance | None = None
    ) -> None:
        """Note that the server refused a request for its rate, and asks to `wait` some seconds."""
        self._pace.throttled(self._clock.now(), sent=sent, wait=wait, said=said)
        self._fail_hasty()

    def pause(self, seconds: float) -> None:
        """Let no request pass for a time; those queued with less time fail at once."""
        self._pace.pause(self._clock.now(), seconds)
        self._fail_hasty()

    def _fail_hasty(self) -> None:
        """Fail those that have less time than the pause takes."""
        now = self._clock.now()
        left = self._pace.pause_left(now)
        for _, _, waiter in self._waiting:
            if _is_too_long(left, waiter.deadline - now) and not waiter.slot.done():
                waiter.slot.set_exception(PauseTooLongError(left))
        self._advance()

    async def sleep(self, seconds: float) -> None:
        """Wait; raise `ClientClosedError` if the gate is closed meanwhile."""
        end = asyncio.get_running_loop().create_future()
        timer = self._clock.call_later(seconds, lambda: _resolve(end))
        self._asleep.add(end)
        try:
            await end
        finally:
            self._asleep.discard(end)
            timer.cancel()

    def close(self) -> None:
        """Fail all that wait, with a `ClientClosedError`."""
        for future in [waiter.slot for _, _, waiter in self._waiting] + list(self._asleep):
            if not future.done():
                future.set_exception(ClientClosedError("the client was closed during the call"))
        self._waiting.clear()
        self._stop_timer()

    def _pass(self, now: float, *, late: float = 0) -> None:
        self._slots -= 1
        self._pace.leave(now, late=late)

    def _check_pause(self, now: float, deadline: float) -> None:
        left = self._pace.pause_left(now)
        if _is_too_long(left, deadline - now):
            raise PauseTooLongError(left)

    async def _wait(self, waiter: _Waiter, seconds: float) -> None:
        timer = None
        if not math.isinf(seconds):
            timer = self._clock.call_later(max(0.0, seconds), lambda: _expire(waiter.slot))
        try:
            await waiter.slot
        except asyncio.CancelledError:
            self._give_up(waiter.slot)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _give_up(self, slot: "asyncio.Future[None]") -> None:
        """Give back a slot that came together with a cancellation."""
        if not slot.cancelled() and slot.done() and slot.exception() is None:
            self.leave()

    def _advance(self, due: float | None = None) -> None:
        """Let as many pass as may, and set a timer for the next one.

        A request that leaves after `due`, the time of the last timer, is late.
        """
        self._stop_timer()
        now = self._clock.now()
        late = 0 if due is None else max(0, now - due)
        while self._waiting and self._slots:
            slot = self._waiting[0][2].slot
            if not slot.done():
                delay = self._pace.delay(now)
                if delay:
                    self._timer = self._clock.call_later(delay, partial(self._advance, now + delay))
                    return
                if not self._pace.has_room(now):
                    return
                self._pass(now, late=late)
                slot.set_result(None)
            heappop(self._waiting)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _expire(slot: "asyncio.Future[None]") -> None:
    if not slot.done():
        slot.set_exception(DeadlineExpiredError())


def _is_too_long(pause: float, time_left: float) -> bool:
    return pause > min(MAX_PAUSE, time_left)
