"""A project whose tests have the results that are set, run after run."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from currents_async import QuarantinePolicy
from currents_async.testing import World, WorldProject
from currents_async.testing._world.executions import signature_of

SPEC = "tests/cart.spec.ts"
FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
NOW = FIRST + timedelta(days=7)
POLICY = QuarantinePolicy(min_executions=5, last_results=10, lift_after=5, broken_after=None)

_STATES = {".": "passed", "F": "failed", "~": "passed", "s": "skipped", "-": "pending"}


class Suite:
    def __init__(self, world: World, project: WorldProject) -> None:
        self.project_id = project.project_id
        self._world = world
        self._runs = 0

    def signature(self, title: str, *, spec: str = SPEC) -> str:
        return signature_of(self.project_id, spec, title)

    def skip_to(self, moment: datetime) -> None:
        """Let the next run be an hour after a moment."""
        self._runs = (moment - FIRST) // timedelta(hours=1)

    def play(
        self,
        tests: dict[str, str],
        *,
        spec: str = SPEC,
        branch: str = "main",
        browser: str = "chromium",
        every: timedelta = timedelta(hours=1),
    ) -> None:
        """Make a run of each column: passed `.`, failed `F`, flaky `~`, skipped `s`, pending `-`.

        The rows are tests by their titles, joined by ` > `; a space is no execution.
        """
        for column in zip(*tests.values(), strict=True):
            self._runs += 1
            outcomes = dict(zip(tests, column, strict=True))
            run_id, created = f"run{self._runs}", FIRST + self._runs * every
            instance_id = f"instance{self._runs}"
            self._world.add_run_payload({
                "runId": run_id,
                "projectId": self.project_id,
                "createdAt": created.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "completionState": "COMPLETE",
                "status": "FAILED" if "F" in column else "PASSED",
                "tags": [],
                "groups": [{"groupId": browser}],
                "meta": {"commit": {"branch": branch}, "framework": {"name": "playwright"}},
                "specs": [{"spec": spec, "groupId": browser, "instanceId": instance_id}],
            })
            self._world.add_instance_payload({
                "instanceId": instance_id,
                "runId": run_id,
                "projectId": self.project_id,
                "groupId": browser,
                "spec": spec,
                "results": {
                    "tests": [
                        _test(spec, browser, title, outcome)
                        for title, outcome in outcomes.items()
                        if outcome != " "
                    ]
                },
            })


def id_of(title: str, *, spec: str = SPEC, browser: str = "chromium") -> str:
    """Return the ID that Playwright gives a test, which differs between projects."""
    return hashlib.sha1(f"{spec} {browser} {title}".encode(), usedforsecurity=False).hexdigest()


def _test(spec: str, browser: str, title: str, outcome: str) -> dict[str, Any]:
    state = _STATES[outcome]
    states = {"~": ["failed", "passed"], "s": []}.get(outcome, [state])
    return {
        "testId": id_of(title, spec=spec, browser=browser),
        "title": title.split(" > "),
        "state": state,
        "attempts": [{"state": one, "wallClockDuration": 10} for one in states],
    }
