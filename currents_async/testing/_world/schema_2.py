"""Playwright's instances in schema 2: the results of tests stand beside the list of tests.

Source: `docs/api/fields.md`, "Instances".
"""

import hashlib
from random import Random

from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import iso, parse_iso, s3_url

# Schema 2 leaves these out of instances; the run has them for each spec.
_LEFT_OUT = frozenset({"completedAt", "worker"})


def in_schema_2(rng: Random, org: str, instance: Wire) -> Wire:
    """Convert an instance from schema 1 to schema 2."""
    results: Wire = instance["results"]
    tests: list[Wire] = results["tests"]
    log = s3_url(rng, org, f"stdout_{instance['instanceId']}", parse_iso(instance["_t"]))
    return {
        **{name: value for name, value in instance.items() if name not in _LEFT_OUT},
        "orgId": org,
        "schemaVersion": 2,
        "results": {
            **results,
            "tests": [_listed(instance, test) for test in tests],
            "attachments": [_attached(instance, one) for one in results.get("attachments", [])],
            "stdout": {"readUrl": log},
        },
        "testList": {
            test["testId"]: {name: test[name] for name in ("testId", "title", "originalTitle")}
            for test in tests
        },
        "testTags": {test["testId"]: test["tags"] for test in tests},
        "testAnnotations": {test["testId"]: test.get("annotations", []) for test in tests},
        "testResults": {test["testId"]: _result(test) for test in tests},
        "claimRecords": {
            f"{claim['machineId']}_{claim['t']}": claim for claim in instance["claimList"]
        },
    }


def read_tests(instance: Wire) -> list[Wire]:
    """List the tests of an instance of either schema in the form of schema 1."""
    report: Wire = instance.get("results") or {}
    tests: list[Wire] = report.get("tests") or []
    results: Wire | None = instance.get("testResults")
    if results is None:
        return tests
    tags: Wire = instance.get("testTags") or {}
    annotations: Wire = instance.get("testAnnotations") or {}
    return [
        {
            **test,
            "state": test.get("_s"),
            "attempts": [],
            "tags": tags.get(test["testId"]),
            "annotations": annotations.get(test["testId"]),
            **(results.get(test["testId"]) or {}),
        }
        for test in tests
    ]


def _attached(instance: Wire, attachment: Wire) -> Wire:
    path: str = attachment["readUrl"].partition("?")[0]
    return {
        "id": hashlib.md5(path.encode(), usedforsecurity=False).hexdigest(),
        **attachment,
        "createdAt": instance["_t"],
    }


def _listed(instance: Wire, test: Wire) -> Wire:
    return {
        "_s": test["state"],
        "_d": True,
        "_f": test["isFlaky"],
        "groupId": instance["groupId"],
        "testId": test["testId"],
        "spec": instance["spec"],
        "title": test["title"],
        **_times(test["attempts"]),
        "originalTitle": test["originalTitle"],
    }


def _result(test: Wire) -> Wire:
    attempts: list[Wire] = test["attempts"]
    return {
        "_d": True,
        "attempts": attempts,
        "displayError": test["displayError"],
        **_times(attempts),
        "isFlaky": test["isFlaky"],
        "recordId": attempts[0]["attemptId"].removesuffix("-0") if attempts else None,
        "state": test["state"],
    }


def _times(attempts: list[Wire]) -> Wire:
    if not attempts:
        return {"startTime": None, "endTime": None, "duration": 0}
    first, last = attempts[0], attempts[-1]
    started = parse_iso(first["wallClockStartedAt"])
    ended = parse_iso(last["wallClockStartedAt"]) + last["wallClockDuration"]
    return {"startTime": iso(started), "endTime": iso(ended), "duration": ended - started}
