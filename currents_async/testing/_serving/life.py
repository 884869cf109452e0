"""A world that goes on: its runs progress by the clock, and webhooks hear of it."""

import math
from collections.abc import Callable
from datetime import UTC, datetime

from currents_async._clock import Timer
from currents_async.errors import InvalidArgumentError
from currents_async.testing._world.run import WorldRun
from currents_async.testing._world.state import COMPLETION
from currents_async.testing._world.webhooks import Event
from currents_async.testing.clock import AnyClock
from currents_async.testing.world import World, WorldProject

_EVENTS: dict[str, Event] = {
    "COMPLETE": "RUN_FINISH",
    "TIMEOUT": "RUN_TIMEOUT",
    "CANCELED": "RUN_CANCELED",
}
"""What is posted when a run has come to an end, by its completion state."""
_MIN_WAIT = 0.05
"""Seconds: specs that come one after another sooner than that are looked at together."""

_END: dict[Event, Callable[[WorldRun], object]] = {
    "RUN_FINISH": WorldRun.complete,
    "RUN_TIMEOUT": WorldRun.time_out,
    "RUN_CANCELED": WorldRun.cancel,
}


class Life:
    """Lets the runs of a world progress, and announces their beginnings and ends."""

    def __init__(
        self,
        world: World,
        clock: AnyClock,
        speed: float | None,
        announce: Callable[[WorldRun, Event], None],
    ) -> None:
        """Make it `speed` times as fast as the clock; with None it stands still, and is silent."""
        if speed is not None and not 0 <= speed < math.inf:
            raise InvalidArgumentError(f"speed must be a number from 0, or None, not {speed}")
        self._world = world
        self._clock = clock
        self._speed = speed
        self._announce = announce
        self._last = 0.0
        self._version = 0
        self._timer: Timer | None = None
        self._known: dict[str, str | None] = {}

    def start(self) -> None:
        """Go on until `stop`; the runs in progress are announced first."""
        if self._speed is None:
            return
        self._last = self._clock.now()
        for run in self._world.runs.values():
            self._known[run.run_id] = _end_of(run)
            if _is_in_progress(run):
                self._announce(run, "RUN_START")
        self._look()

    def look(self) -> None:
        """Announce what has changed since the last look, and plan what is next."""
        if self._speed is not None and self._version != self._world.version:
            self._look()

    def stop(self) -> None:
        """Stand still."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def cause(self, event: Event, run: WorldRun | None = None) -> WorldRun:
        """Let an event happen, unannounced, and return the run: it starts or ends now.

        The run is by default the newest in progress, or a new one for `RUN_START`. One that has
        ended, or has begun, stays as it is.
        """
        if self._speed is not None:
            self._look()
        if run is None:
            run = self._start_run() if event == "RUN_START" else self._newest()
        if event in _END and _is_in_progress(run):
            _END[event](run)
        self._known[run.run_id] = _end_of(run)
        return run

    def _look(self) -> None:
        self.stop()
        self._let_time_pass()
        for run in list(self._world.runs.values()):
            self._notice(run)
        self._version = self._world.version
        changes = [run.next_change for run in self._world.runs.values()]
        waits = [wait for wait in changes if wait is not None]
        if waits and self._speed:
            wait = max(min(waits) / self._speed, _MIN_WAIT)
            self._timer = self._clock.call_in_passing(wait, self._look)

    def _let_time_pass(self) -> None:
        now = self._clock.now()
        seconds, self._last = (now - self._last) * (self._speed or 0), now
        for run in self._world.runs.values():
            was_in_progress = self._known.get(run.run_id, "new") is None
            if seconds and was_in_progress and run.next_change is not None:
                run.advance(seconds)

    def _notice(self, run: WorldRun) -> None:
        end = _end_of(run)
        if run.run_id not in self._known:
            self._announce(run, "RUN_START")
        if end is not None and self._known.get(run.run_id) != end:
            self._announce(run, _EVENTS[end])
        self._known[run.run_id] = end

    def _newest(self) -> WorldRun:
        runs = list(self._world.runs.values())
        if not runs:
            raise InvalidArgumentError("there is no run that this could happen to")
        in_progress = [run for run in runs if _is_in_progress(run)]
        return max(in_progress or runs, key=lambda run: run.payload.get("createdAt", ""))

    def _start_run(self) -> WorldRun:
        """Start a run like the last one of the first project."""
        project: WorldProject = (self._world.projects or [self._world.project()])[0]
        last = project.runs[-1] if project.runs else project.run()
        return project.run(
            specs=max(1, len(last.specs)),
            framework="cypress" if "cypressVersion" in last.payload else "playwright",
            branch=last.branch or "main",
            tags=last.tags,
            completed=0,
            created_at=datetime.fromtimestamp(self._clock.wall(), UTC),
        )


def _end_of(run: WorldRun) -> str | None:
    return next((end for end in _EVENTS if _is(run, end)), None)


def _is_in_progress(run: WorldRun) -> bool:
    return _is(run, "IN_PROGRESS")


def _is(run: WorldRun, completion: str) -> bool:
    # A payload that was added as it is may have none.
    return run.payload.get("completionState") in COMPLETION[completion]
