"""A run of a world, as the server sends it and as tests inspect it."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from currents_async.errors import InvalidArgumentError
from currents_async.testing._world import state
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.playback import Playback

_SLACK = 0.5
"""Milliseconds: moments are whole numbers of them, sums of times are not."""


class Versions(Iterator[int]):
    """Numbers the changes of a world, from 1."""

    latest: int = 0
    """The number of the last change."""

    def __next__(self) -> int:
        self.latest += 1
        return self.latest


class WorldSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A spec file of a run, and how its tests ended."""

    path: str
    group_id: str | None
    instance_id: str | None
    """None until the spec is complete."""
    machine_id: str | None
    tests: int
    passes: int
    failures: int
    pending: int
    skipped: int
    flaky: int


class WorldRun:
    """A run: the payload that the server sends, and shortcuts to its contents."""

    github_run: tuple[str, int] | None
    """The ID and the attempt of the GitHub Actions workflow run that started it."""
    version: int
    """A number, unique in its world, that is a new one after each change of the run."""

    def __init__(
        self,
        payload: Wire,
        versions: Iterator[int],
        *,
        github_run: tuple[str, int] | None = None,
        playback: Playback | None = None,
        serve: "Callable[[WorldRun, Iterable[int]], None] | None" = None,
    ) -> None:
        self.github_run = github_run
        self.version = next(versions)
        self._versions = versions
        self._payload = payload
        self._playback = playback
        self._serve = serve
        self._specs: list[WorldSpec] | None = None
        self._moment = -math.inf
        self._seen = 0
        """The version whose last event the moment is not before."""

    @property
    def payload(self) -> Wire:
        """The `data` of getRun now: read it; `complete`, `advance` and others change it."""
        return self._payload

    def __repr__(self) -> str:
        return f"<WorldRun {self.run_id} {self.status}, {len(self.specs)} specs>"

    @property
    def run_id(self) -> str:
        """The run's ID."""
        return str(self._payload["runId"])

    @property
    def project_id(self) -> str:
        """The ID of the run's project."""
        return str(self._payload["projectId"])

    @property
    def created_at(self) -> str:
        """When the run started, in the wire's form, which sorts by time."""
        return str(self._payload["createdAt"])

    @property
    def ci_build_id(self) -> str | None:
        """The ID of the CI build."""
        ci_build_id: str | None = self._payload.get("meta", {}).get("ciBuildId")
        return ci_build_id

    @property
    def branch(self) -> str | None:
        """The branch of the commit."""
        branch: str | None = self._payload.get("meta", {}).get("commit", {}).get("branch")
        return branch

    @property
    def tags(self) -> list[str]:
        """The run's tags."""
        tags: list[str] = self._payload.get("tags", [])
        return tags

    @property
    def completion_state(self) -> str:
        """`COMPLETE`, `IN_PROGRESS` or `CANCELED`, or what an added payload says."""
        return str(self._payload["completionState"])

    @property
    def status(self) -> str:
        """`PASSED`, `FAILED` or `RUNNING`, or what an added payload says."""
        return str(self._payload["status"])

    @property
    def specs(self) -> list[WorldSpec]:
        """The run's specs as they are now, in the order of the wire."""
        if self._specs is None:
            self._specs = [_spec(entry) for entry in self._payload.get("specs", [])]
        return self._specs

    @property
    def machine_ids(self) -> list[str]:
        """The machines that have claimed specs, in the order of their first specs."""
        return list(dict.fromkeys(spec.machine_id for spec in self.specs if spec.machine_id))

    def instance(self, index: int) -> Wire:
        """Build the `data` of the instance that ran spec number `index`.

        Raises `LookupError` if the spec is not claimed, or the run was added as a payload.
        """
        spec: Wire = self._payload["specs"][index]
        if self._playback is None or "instanceId" not in spec:
            raise LookupError(f"spec {index} of run {self.run_id} has no instance")
        return self._playback.instance(index, spec)

    def complete(self, count: int | None = None) -> list[WorldSpec]:
        """Complete the next `count` specs, by default all that are left, and return them.

        With the last one the run ends. Specs are claimed only now, and are the same as if the run
        had been complete from the start; those that `World.reset` has taken back are executed as
        new instances. Raises `InvalidArgumentError` if the run has ended, and `LookupError` if it
        was added as a payload.
        """
        playback = self._in_progress()
        if count is not None and count < 1:
            raise InvalidArgumentError(f"count must be at least 1, not {count}")
        specs: list[Wire] = self._payload["specs"]
        done, now = self._waiting()[:count], state.last_moment(self._payload)
        for index in done:
            playback.plan(specs, [index], now=now)
        self._finish(playback, done)
        return [self.specs[index] for index in done]

    def advance(self, seconds: float) -> None:
        """Let time pass for the run: machines claim and complete specs as they would.

        The run's time begins at its last event. With the last spec it ends. Raises as `complete`.
        """
        playback = self._in_progress()
        self._plan()
        self._moment = self._now + seconds * 1000
        specs, waiting = self._payload["specs"], self._waiting()
        done: list[int] = []
        claimed: list[int] = []
        for index in waiting:
            claim = playback.claimed[index]
            if claim.completed <= self._moment + _SLACK:
                done.append(index)
            elif specs[index]["claimedAt"] is None and claim.claimed <= self._moment + _SLACK:
                specs[index] = state.claim(specs[index], playback.pending[index])
                claimed.append(index)
        if done or claimed or not waiting:
            self._finish(playback, done)

    @property
    def next_change(self) -> float | None:
        """Seconds of the run's time until a spec is claimed or complete.

        None if that will not happen: the run has ended, or was added as a payload.
        """
        if self._playback is None or self.completion_state != "IN_PROGRESS":
            return None
        self._plan()
        specs: list[Wire] = self._payload["specs"]
        claims = [(specs[index], self._playback.claimed[index]) for index in self._waiting()]
        moments = [
            claim.claimed if spec["claimedAt"] is None else claim.completed
            for spec, claim in claims
        ]
        return max(_SLACK, min(moments, default=self._now) - self._now) / 1000

    def time_out(self) -> None:
        """End the run because it took too long, whatever its state."""
        state.time_out(self._payload)
        self._changed()

    def cancel(self, *, actor: str = "api:keyName", reason: str = "apiRequest") -> Wire:
        """Cancel the run, whatever its state, and return its `cancellation`."""
        cancellation = state.cancel(self._payload, actor=actor, reason=reason)
        self._changed()
        return cancellation

    def unclaim(self, machine_ids: Collection[str]) -> list[str]:
        """Take the specs of some machines back, and return the IDs of their former instances.

        Call `World.reset`, which also deletes the instances.
        """
        gone = state.unclaim(self._payload, machine_ids)
        if gone:
            if self._playback is not None:
                self._playback.forget(gone)
            state.roll_up(self._payload, self._retries())
            self._changed()
        return [instance_id for instance_id in gone.values() if instance_id]

    def _in_progress(self) -> Playback:
        if self._playback is None:
            raise LookupError(f"run {self.run_id} was added as it is, and cannot go on")
        if self.completion_state != "IN_PROGRESS":
            raise InvalidArgumentError(f"run {self.run_id} has ended: {self.completion_state}")
        return self._playback

    @property
    def _now(self) -> float:
        """The run's time, in milliseconds as the world has them."""
        if self._seen != self.version:
            self._seen = self.version
            self._moment = max(self._moment, state.last_moment(self._payload))
        return self._moment

    def _waiting(self) -> list[int]:
        specs: list[Wire] = self._payload["specs"]
        return [index for index, spec in enumerate(specs) if spec["results"] is None]

    def _plan(self) -> None:
        if self._playback is not None:
            self._playback.plan(self._payload["specs"], self._waiting(), now=int(self._now))

    def _finish(self, playback: Playback, done: Sequence[int]) -> None:
        """Put the entries of specs that are complete into the payload; the last ends the run."""
        specs: list[Wire] = self._payload["specs"]
        for index in done:
            specs[index] = playback.pending.pop(index)
        state.roll_up(self._payload, self._retries())
        if not self._waiting():
            state.complete(self._payload)
        self._changed()
        if self._serve is not None:
            self._serve(self, done)

    def _retries(self) -> list[int]:
        if self._playback is not None:
            return self._playback.retries()
        specs: list[Wire] = self._payload["specs"]
        done: list[Wire] = [spec.get("results") or {} for spec in specs]
        return [results.get("stats", {}).get("retries", 0) for results in done]

    def _changed(self) -> None:
        self.version = next(self._versions)
        self._specs = None


def _spec(entry: Wire) -> WorldSpec:
    results: Wire = entry.get("results") or {}
    stats: dict[str, Any] = results.get("stats") or {}
    return WorldSpec(
        path=entry["spec"],
        group_id=entry.get("groupId"),
        instance_id=entry.get("instanceId"),
        machine_id=entry.get("machineId"),
        tests=stats.get("tests", 0),
        passes=stats.get("passes", 0),
        failures=stats.get("failures", 0),
        pending=stats.get("pending", 0),
        skipped=stats.get("skipped", 0),
        flaky=results.get("flaky", 0),
    )
