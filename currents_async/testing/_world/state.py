"""Changes of a run's payload: its counters, its outcome, its cancellation, its reset."""

from collections.abc import Collection, Sequence
from typing import Any

from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import iso, parse_iso

COMPLETION = {
    "COMPLETE": {"COMPLETE", "complete"},
    "IN_PROGRESS": {"IN_PROGRESS", "incomplete"},
    "CANCELED": {"CANCELED", "cancelled"},
    "TIMEOUT": {"TIMEOUT", "timedOut"},
}
"""The values of a filter, and those of runs that match: payloads may use either vocabulary."""
UNCLAIMED: Wire = {"claimedAt": None, "completedAt": None, "results": None}
"""What a spec contains before a machine claims it."""
_CLAIM = ("claimedAt", "machineId", "worker")
"""What a spec contains besides, from when a machine has claimed it until it is complete."""
_COUNTERS = ("passes", "failures", "pending", "skipped")
_CANCEL_DELAY = 60_000


def roll_up(payload: Wire, retries: Sequence[int]) -> None:
    """Derive the counters of the groups from the specs.

    Cypress specs do not carry their retries, so `retries` has a number for each spec.
    """
    for group in payload.get("groups", []):
        mine = [
            (spec, more)
            for spec, more in zip(payload["specs"], retries, strict=True)
            if spec.get("groupId") == group["groupId"]
        ]
        done = [(spec["results"], more) for spec, more in mine if spec.get("results")]
        tests = {"overall": sum(results["stats"]["tests"] for results, _ in done)}
        if "cypressVersion" not in payload:
            tests["tests"] = tests["overall"]
        for name in _COUNTERS:
            tests[name] = sum(results["stats"][name] for results, _ in done)
        tests["flaky"] = sum(results.get("flaky", 0) for results, _ in done)
        tests["retries"] = sum(more for _, more in done)
        failed = sum(results["stats"]["failures"] > 0 for results, _ in done)
        group["instances"] = {
            "overall": len(mine),
            "claimed": sum(bool(spec.get("claimedAt")) for spec, _ in mine),
            "complete": len(done),
            "passes": len(done) - failed,
            "failures": failed,
        }
        group["tests"] = tests
        if "coverageEnabled" in group:
            group["durationMs"] = _last_of(payload, [spec for spec, _ in mine]) - parse_iso(
                payload["createdAt"]
            )
            group["specCount"] = len(mine)


def complete(payload: Wire) -> None:
    """End a run whose specs are all complete."""
    failed = any(spec["results"]["stats"]["failures"] for spec in payload["specs"])
    _end(payload, "COMPLETE", "FAILED" if failed else "PASSED")


def time_out(payload: Wire) -> None:
    """End a run that took too long, whatever the state of its specs."""
    payload.setdefault("timeout", {})["isTimeout"] = True
    _end(payload, "TIMEOUT", "FAILED")


def _end(payload: Wire, completion_state: str, status: str) -> None:
    duration = last_moment(payload) - parse_iso(payload["createdAt"])
    payload.update(durationMs=duration, completionState=completion_state, status=status)


def cancel(payload: Wire, *, actor: str, reason: str) -> Wire:
    """Cancel a run and return its cancellation, as in `cancel-run.json`.

    The date is a minute after the run's last event, since a world has no clock.
    """
    moment = last_moment(payload) + _CANCEL_DELAY
    cancellation: Wire = {"actor": actor, "canceledAt": iso(moment), "reason": reason}
    payload.update(cancellation=cancellation, completionState="CANCELED", status="FAILED")
    return cancellation


def claim(spec: Wire, made: Wire) -> Wire:
    """Return the entry of a spec that a machine has claimed, given what it will be at the end."""
    return {**spec, **{name: made[name] for name in _CLAIM if name in made}}


def unclaim(payload: Wire, machine_ids: Collection[str]) -> dict[int, str | None]:
    """Take the specs of some machines back: their numbers, with the IDs of former instances."""
    gone: dict[int, str | None] = {}
    for index, spec in enumerate(payload.get("specs", [])):
        if spec.get("machineId") in machine_ids:
            gone[index] = spec.pop("instanceId", None)
            del spec["machineId"]
            spec.pop("worker", None)
            spec.update(UNCLAIMED)
    if gone:
        payload.pop("cancellation", None)
        if "timeout" in payload:
            payload["timeout"]["isTimeout"] = False
        payload.update(completionState="IN_PROGRESS", status="RUNNING", durationMs=None)
    return gone


def last_moment(payload: Wire) -> int:
    """Return the time of the last event of a run."""
    return _last_of(payload, payload.get("specs", []))


def _last_of(payload: Wire, specs: Sequence[Wire]) -> int:
    moments: list[Any] = [spec.get("completedAt") for spec in specs]
    return max(parse_iso(text) for text in (payload["createdAt"], *moments) if text)
