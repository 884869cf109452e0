"""Playwright: payloads in the shape of `run-playwright.json` and `instance-playwright.json`."""

import hashlib
from random import Random

from currents_async.testing._world.facts import EXECUTED, AttemptSchedule, RunFacts, SpecClaim, Wire
from currents_async.testing._world.failures import make_failure, playwright_error
from currents_async.testing._world.ids import base62, epoch_ms, iso, s3_url
from currents_async.testing._world.plan import PlannedOutcome, SpecPlan
from currents_async.testing._world.schema_2 import in_schema_2
from currents_async.testing._world.state import UNCLAIMED

ROOT: str = "tests"
SUFFIX: str = ".spec.ts"
_VERSION = "1.44.0"
_CLIENT_VERSION = "1.4.0"
_DISPLAYED_SHARE = 0.5
_SAVED = 900
_RAW_STATUS = {"passed": "passed", "pending": "skipped", "skipped": "interrupted"}


def make_run(facts: RunFacts, specs: list[Wire]) -> Wire:
    """Build a run; its outcome and its groups' counters are derived from the specs later."""
    newer: Wire = {} if facts.schema_version == 1 else {"coverageEnabled": False}
    groups = [{**group, "tags": _spec_tags(group["groupId"]), **newer} for group in facts.groups]
    return {
        "runId": facts.run_id,
        "projectId": facts.project_id,
        "createdAt": iso(facts.created),
        "durationMs": None,
        "tags": facts.tags,
        "timeout": {"isTimeout": False},
        "groups": groups,
        "meta": {
            "ciBuildId": facts.ci_build_id,
            "commit": {**facts.commit, "defaultBranch": None},
            "platform": facts.groups[0]["platform"],
            "framework": _framework_of(facts),
            **facts.pull_request,
        },
        "specs": specs,
        "completionState": "IN_PROGRESS",
        "status": "RUNNING",
    }


def _framework_of(facts: RunFacts) -> Wire:
    if facts.schema_version == 1:
        return {"name": "pw", "version": _VERSION}
    return {"type": "pw", "version": _VERSION, "clientVersion": _CLIENT_VERSION}


def make_spec(
    rng: Random,
    facts: RunFacts,  # noqa: ARG001 - as for Cypress, which signs URLs
    path: str,
    group_id: str,
    plan: SpecPlan,
    claim: SpecClaim,
) -> Wire:
    """Build an entry of the run's specs."""
    stats = {
        "overall": plan.tests,
        "tests": plan.tests,
        "passes": plan.count("passed"),
        "failures": plan.count("failed"),
        "pending": plan.count("pending"),
        "skipped": plan.count("skipped"),
        "flaky": plan.flaky,
        "retries": plan.retries,
        **claim.wall_clock,
    }
    return {
        "spec": path,
        "groupId": group_id,
        "instanceId": base62(rng, 16),
        "claimedAt": iso(claim.claimed),
        "completedAt": iso(claim.completed),
        "tags": _spec_tags(group_id),
        "results": {"flaky": plan.flaky, "stats": stats, "videoUrl": None, "screenshots": []},
        "machineId": claim.machine_id,
        "worker": {"workerIndex": claim.worker, "parallelIndex": claim.parallel},
    }


def make_unclaimed(path: str, group_id: str) -> Wire:
    """Build an entry of the run's specs that no machine has claimed yet."""
    return {"spec": path, "groupId": group_id, "tags": _spec_tags(group_id), **UNCLAIMED}


def _spec_tags(group_id: str) -> list[str]:
    return [f"project:{group_id}"]


def make_instance(
    rng: Random, facts: RunFacts, spec: Wire, plan: SpecPlan, claim: SpecClaim
) -> Wire:
    """Build the instance behind a claimed and complete entry of the run's specs."""
    path: str = spec["spec"]
    results: Wire = {
        "stats": spec["results"]["stats"],
        "tests": [],
        "playwrightTraces": [],
        "screenshots": [],
        "videos": [],
        "attachments": [],
    }
    schedule = AttemptSchedule(rng, plan, claim)
    for index, (title, outcome) in enumerate(facts.tests(path, plan)):
        test = _make_test(rng, schedule, spec, title, outcome) | facts.annotations_of(index)
        results["tests"].append(test)
        for number, attempt in enumerate(test["attempts"]):
            if attempt["state"] == "failed":
                _save_artifacts(rng, facts, results, test["testId"], number, claim)
    instance: Wire = {
        "projectId": facts.project_id,
        "runId": facts.run_id,
        "groupId": spec["groupId"],
        "instanceId": spec["instanceId"],
        "machineId": claim.machine_id,
        "spec": path,
        "createdAt": spec["claimedAt"],
        "claimedAt": spec["claimedAt"],
        "completedAt": spec["completedAt"],
        "worker": spec["worker"],
        "framework": {"clientVersion": _CLIENT_VERSION, "type": "pw", "version": _VERSION},
        "platform": facts.platform(spec),
        "tags": spec["tags"],
        "commit": facts.commit,
        "claimList": [{"machineId": claim.machine_id, "t": epoch_ms(claim.claimed)}],
        "signature": hashlib.md5(path.encode(), usedforsecurity=False).hexdigest(),
        "results": results,
        "_t": iso(claim.completed + _SAVED),
    }
    return instance if facts.schema_version == 1 else in_schema_2(rng, facts.org, instance)


def _make_test(
    rng: Random, schedule: AttemptSchedule, spec: Wire, title: list[str], outcome: PlannedOutcome
) -> Wire:
    """Build one test; if it was skipped, it has no attempt."""
    attempt_id = base62(rng, 16)
    attempts: list[Wire] = []
    for number, state in enumerate(outcome.attempt_states):
        failure = make_failure(rng) if state == "failed" else None
        started, duration = schedule.tick() if state in EXECUTED else (schedule.now, 0)
        attempts.append({
            "_d": True,
            "attemptId": f"{attempt_id}-{number}",
            "state": state,
            "rawStatus": failure.raw_status if failure else _RAW_STATUS[state],
            "workerIndex": spec["worker"]["workerIndex"] + number,
            "parallelIndex": spec["worker"]["parallelIndex"],
            "error": playwright_error(rng, failure, spec["spec"]) if failure else None,
            "wallClockStartedAt": iso(started),
            "wallClockDuration": duration,
            "videoTimestamp": None,
        })
    shown = outcome.state == "failed" and rng.random() < _DISPLAYED_SHARE
    return {
        "_d": True,
        "state": outcome.state,
        "testId": f"{_sha1(spec['spec'])}-{_sha1(' > '.join(title))}",
        "originalTitle": title,
        "title": title,
        "attempts": [] if outcome.state == "skipped" else attempts,
        "displayError": attempts[-1]["error"]["stack"] if shown else None,
        "isFlaky": outcome.flaky,
        "tags": spec["tags"],
    }


def _save_artifacts(
    rng: Random, facts: RunFacts, results: Wire, test_id: str, attempt: int, claim: SpecClaim
) -> None:
    """Add what Playwright keeps of a failed attempt to the lists of the spec's results."""
    key = {"testId": test_id, "testAttemptIndex": attempt}

    def url(suffix: str) -> str:
        return s3_url(rng, facts.org, base62(rng, 16) + suffix, claim.completed)

    results["playwrightTraces"].append({
        **key,
        "traceId": rng.randbytes(16).hex(),
        "name": "trace",
        "traceURL": url(".zip"),
    })
    results["screenshots"].append({
        **key,
        "name": "screenshot",
        "screenshotId": rng.randbytes(16).hex(),
        "screenshotURL": url(".png"),
        "takenAt": iso(rng.randint(claim.started, claim.ended)),
    })
    results["videos"].append({**key, "videoUrl": url(".webm")})
    results["attachments"].append({
        **key,
        "name": "error-context größe.md",
        "filename": "error-context.md",
        "contentType": "text/markdown",
        "readUrl": url(".md"),
    })


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:20]
