"""The gate all requests of a client pass: so many at once, at the rate the server allows.

Whoever is in a hurry passes those who have time, and nobody passes a pause. As long as the rate is
not known, no more are on their way than the server says are left: all others would be refused.
"""

import asyncio
import math
from functools import partial
from heapq import heappop, heappush
from itertools import count

from currents_async._clock import Clock, Timer
from currents_async._transport.pace import Pace
from currents_async._wire.throttle import RateLimit
from currents_async.errors import ClientClosedError

LONGEST_PAUSE = 60.0
"""Seconds: who is asked to wait longer is told so instead of kept waiting."""


class PauseTooLongError(Exception):
    """The server asked for a pause that is too long to be waited for."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class DeadlineExpiredError(Exception):
    """The deadline came before the turn."""


class _Waiter:
    __slots__ = ("deadline", "turn")

    def __init__(self, turn: "asyncio.Future[None]", deadline: float) -> None:
        self.turn = turn
        self.deadline = deadline


class Gate:
    """Lets requests pass, at most `slots` at once, in the order of urgency and arrival."""

    def __init__(self, slots: int, pace: Pace, clock: Clock) -> None:
        self.last_known: RateLimit | None = None
        """What the server last said of its rate limit."""
        self._slots = slots
        self._unanswered = 0
        self._pace = pace
        self._clock = clock
        self._numbers = count()
        self._waiting: list[tuple[bool, int, _Waiter]] = []
        self._asleep: set[asyncio.Future[None]] = set()
        self._timer: Timer | None = None

    async def enter(self, *, bulk: bool, deadline: float) -> None:
        """Await a turn, by a deadline of the clock; `leave` gives it back.

        Raises `PauseTooLongError` at once when the server asks for a longer pause than there is
        time for, and `DeadlineExpiredError` at the deadline.
        """
        now = self._clock.now()
        if now >= deadline:
            raise DeadlineExpiredError
        if not self._waiting and self._has_room() and not self._pace.delay(now):
            self._pass(now)
            return
        self._check_pause(now, deadline)
        waiter = _Waiter(asyncio.get_running_loop().create_future(), deadline)
        heappush(self._waiting, (bulk, next(self._numbers), waiter))
        self._advance()
        await self._wait(waiter, deadline - now)

    def leave(self, *, answered: bool = False) -> None:
        """Let the next one pass; say whether the request was answered, which was noted then."""
        self._slots += 1
        self._unanswered -= not answered
        if self._waiting:
            self._advance()

    def delay(self) -> float:
        """Return the seconds until anybody may pass."""
        return self._pace.delay(self._clock.now())

    def answered(self, known: RateLimit | None = None) -> None:
        """Note that the server answered, and did not refuse a request for its rate.

        `known` is what it said of its rate limit, if anything.
        """
        self._unanswered -= 1
        left = 1.0 if known is None else known.share_left
        self._pace.answered(self._clock.now(), left=left)
        if self._waiting and self._slots and self._is_free():
            self._advance()

    def throttled(self, *, sent: float, told: bool) -> None:
        """Note that the server refused a request, sent at that time, for its rate.

        `told` says whether it told how long to wait.
        """
        self._unanswered -= 1
        self._pace.throttled(self._clock.now(), sent=sent, told=told)

    def pause(self, seconds: float) -> None:
        """Hold everybody back; who has less time than that hears of it at once."""
        now = self._clock.now()
        self._pace.pause(now, seconds)
        left = self._pace.pause_left(now)
        for _, _, waiter in self._waiting:
            if _is_too_long(left, waiter.deadline - now) and not waiter.turn.done():
                waiter.turn.set_exception(PauseTooLongError(left))
        self._advance()

    async def sleep(self, seconds: float) -> None:
        """Wait, unless the gate is closed meanwhile."""
        end = asyncio.get_running_loop().create_future()
        timer = self._clock.call_later(seconds, lambda: _resolve(end))
        self._asleep.add(end)
        try:
            await end
        finally:
            self._asleep.discard(end)
            timer.cancel()

    def close(self) -> None:
        """Turn everybody away with a `ClientClosedError`."""
        for future in [waiter.turn for _, _, waiter in self._waiting] + list(self._asleep):
            if not future.done():
                future.set_exception(ClientClosedError("the client was closed during the call"))
        self._waiting.clear()
        self._stop_timer()

    def _is_free(self) -> bool:
        return math.isinf(self._pace.rate)

    def _has_room(self) -> bool:
        if not self._slots:
            return False
        known = self.last_known
        if known is None or not known.limit or known.remaining is None or not self._is_free():
            return True
        # One may always ask whether there is more again.
        return self._unanswered < max(1, known.remaining)

    def _pass(self, now: float, *, late: float = 0) -> None:
        self._slots -= 1
        self._unanswered += 1
        self._pace.leave(now, late=late)

    def _check_pause(self, now: float, deadline: float) -> None:
        left = self._pace.pause_left(now)
        if _is_too_long(left, deadline - now):
            raise PauseTooLongError(left)

    async def _wait(self, waiter: _Waiter, seconds: float) -> None:
        timer = None
        if not math.isinf(seconds):
            timer = self._clock.call_later(max(0.0, seconds), lambda: _expire(waiter.turn))
        try:
            await waiter.turn
        except asyncio.CancelledError:
            self._give_up(waiter.turn)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _give_up(self, turn: "asyncio.Future[None]") -> None:
        """Pass on a turn that came together with a cancellation."""
        if not turn.cancelled() and turn.done() and turn.exception() is None:
            self.leave()

    def _advance(self, due: float | None = None) -> None:
        """Let as many pass as may, and come back when the next one may, later than was `due`."""
        self._stop_timer()
        now = self._clock.now()
        late = 0 if due is None else max(0, now - due)
        while self._waiting and self._has_room():
            turn = self._waiting[0][2].turn
            if not turn.done():
                delay = self._pace.delay(now)
                if delay:
                    self._timer = self._clock.call_later(delay, partial(self._advance, now + delay))
                    return
                self._pass(now, late=late)
                turn.set_result(None)
            heappop(self._waiting)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _expire(turn: "asyncio.Future[None]") -> None:
    if not turn.done():
        turn.set_exception(DeadlineExpiredError())


def _is_too_long(pause: float, time_left: float) -> bool:
    return pause > min(LONGEST_PAUSE, time_left)
