"""Cypress: payloads in the shape of `run-cypress.json` and `instance-cypress.json`."""

from random import Random

from currents_async.testing._world.facts import EXECUTED, AttemptSchedule, RunFacts, SpecClaim, Wire
from currents_async.testing._world.failures import cypress_error, make_failure
from currents_async.testing._world.ids import base62, cloudfront_url, iso, uuid
from currents_async.testing._world.plan import PlannedOutcome, SpecPlan
from currents_async.testing._world.state import UNCLAIMED

ROOT: str = "cypress/e2e"
SUFFIX: str = ".cy.ts"
_VERSION = "10.3.0"
_BODY = '() => {\n    cy.contains("Größe \\"M\\"").click();\n    cy.log("🛒");\n  }'


def make_run(facts: RunFacts, specs: list[Wire]) -> Wire:
    """Build a run; its outcome and its groups' counters are derived from the specs later."""
    return {
        "runId": facts.run_id,
        "projectId": facts.project_id,
        "completionState": "IN_PROGRESS",
        "status": "RUNNING",
        "createdAt": iso(facts.created),
        "durationMs": None,
        "tags": facts.tags,
        "cypressVersion": _VERSION,
        "timeout": {"isTimeout": False, "timeoutValueMs": 3_600_000},
        "groups": [dict(group) for group in facts.groups],
        "meta": {
            "ciBuildId": facts.ci_build_id,
            "commit": {**facts.commit, "defaultBranch": None},
            **facts.pull_request,
        },
        "specs": specs,
    }


def make_spec(
    rng: Random, facts: RunFacts, path: str, group_id: str, plan: SpecPlan, claim: SpecClaim
) -> Wire:
    """Build an entry of the run's specs."""
    instance_id = uuid(rng)
    stats = {
        "suites": 1,
        "tests": plan.tests,
        "passes": plan.count("passed"),
        "pending": plan.count("pending"),
        "skipped": plan.count("skipped"),
        "failures": plan.count("failed"),
        **claim.wall_clock,
    }
    return {
        "groupId": group_id,
        "spec": path,
        "instanceId": instance_id,
        "claimedAt": iso(claim.claimed),
        "completedAt": iso(claim.completed),
        "machineId": claim.machine_id,
        "results": {
            "videoUrl": cloudfront_url(rng, facts.org, f"{instance_id}.mp4", claim.completed),
            "stats": stats,
            "screenshots": _make_screenshots(rng, facts, plan, claim),
            "flaky": plan.flaky,
        },
    }


def make_unclaimed(path: str, group_id: str) -> Wire:
    """Build an entry of the run's specs that no machine has claimed yet."""
    return {"groupId": group_id, "spec": path, **UNCLAIMED}


def _test_id(index: int) -> str:
    """Name a test as Cypress does: r1 is the root, r2 the suite, the tests come after."""
    return f"r{index + 3}"


def _make_screenshots(rng: Random, facts: RunFacts, plan: SpecPlan, claim: SpecClaim) -> list[Wire]:
    """Take a screenshot at each failed attempt, as Cypress does by itself."""
    screenshots: list[Wire] = []
    for index, outcome in sorted(plan.special.items()):
        failed = {"failed": outcome.attempts, "passed": outcome.attempts - 1}
        for attempt in range(failed.get(outcome.state, 0)):
            taken = rng.randint(claim.started, claim.ended)
            screenshots.append({
                "screenshotId": base62(rng, 5).lower(),
                "name": None,
                "testId": _test_id(index),
                "testAttemptIndex": attempt,
                "takenAt": iso(taken),
                "height": 720,
                "width": 1280,
                "screenshotURL": cloudfront_url(
                    rng, facts.org, f"{uuid(rng)}.png", claim.completed
                ),
            })
    return screenshots


def make_instance(
    rng: Random, facts: RunFacts, spec: Wire, plan: SpecPlan, claim: SpecClaim
) -> Wire:
    """Build the instance behind a claimed and complete entry of the run's specs."""
    path: str = spec["spec"]
    schedule = AttemptSchedule(rng, plan, claim)
    return {
        "runId": facts.run_id,
        "groupId": spec["groupId"],
        "projectId": facts.project_id,
        "instanceId": spec["instanceId"],
        "spec": path,
        "cypressVersion": _VERSION,
        "machineId": claim.machine_id,
        "commit": facts.commit,
        "tags": facts.tags,
        "platform": facts.platform(spec),
        "createdAt": spec["claimedAt"],
        "claimedAt": spec["claimedAt"],
        "completedAt": spec["completedAt"],
        "results": {
            "stats": spec["results"]["stats"],
            "tests": [
                _make_test(rng, schedule, path, index, title, outcome)
                for index, (title, outcome) in enumerate(facts.tests(path, plan))
            ],
            "exception": None,
            "screenshots": spec["results"]["screenshots"],
            "videoUrl": spec["results"]["videoUrl"],
        },
    }


def _make_test(
    rng: Random,
    schedule: AttemptSchedule,
    path: str,
    index: int,
    title: list[str],
    outcome: PlannedOutcome,
) -> Wire:
    """Build one test; if it was never executed, its attempt has no times."""
    attempts: list[Wire] = []
    for state in outcome.attempt_states:
        executed = state in EXECUTED
        started, duration = schedule.tick() if executed else (None, None)
        failed = state == "failed"
        attempts.append({
            "state": state,
            "error": cypress_error(rng, make_failure(rng), path) if failed else None,
            "wallClockStartedAt": None if started is None else iso(started),
            "wallClockDuration": duration,
            "videoTimestamp": rng.randint(0, 99_999) if executed else None,
        })
    error = attempts[-1]["error"]
    return {
        "body": _BODY if outcome.state != "pending" else "",
        "title": title,
        "state": outcome.state,
        "displayError": f"{error['name']}: {error['message']}\n{error['stack']}" if error else None,
        "attempts": attempts,
        "testId": _test_id(index),
    }
