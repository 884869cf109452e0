"""All numbers agree: those of the explorers and insights, and a direct count over the runs."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import pytest

from currents_async.testing import World, WorldProject, WorldRun

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
ALL = (("date_start", "2026-01-01"), ("date_end", "2026-03-01"))
AUTHORS = (("Ada Lovelace", "ada@example.org"), ("Zoë", "zoe@example.org"))


@cache
def make(seed: int) -> tuple[World, WorldProject, list["Count"]]:
    """Make a project whose runs differ in everything that can be filtered, and a second project."""
    world = World(seed)
    project = world.project()
    world.project().run(specs=5, failures=3)
    for number, (branch, tags) in enumerate(
        product(("main", "release/1", "fix"), (["nightly"], ["nightly", "eu"], [])), seed
    ):
        project.run(
            specs=4 + number % 3,
            tests=(1, 5),
            failures=0.3,
            flaky=0.2,
            branch=branch,
            tags=tags,
            groups=1 + number % 2,
            author=AUTHORS[number % 2],
            framework="cypress" if number % 5 == 4 else "playwright",
            created_at=START + timedelta(hours=9 * number),
            unclaimed=number % 4 == 3,
            timed_out=number % 8 == 3,
            annotations=[("owner", "Ada")] if number % 5 != 4 else [],
        )
    return world, project, count(project.runs)


class Count(NamedTuple):
    """What a run has to say about one of its tests, counted from payloads alone."""

    run: WorldRun
    group: str | None
    spec: str
    title: str
    state: str
    flaky: bool
    duration: int
    message: str | None


def count(runs: list[WorldRun]) -> list[Count]:
    found: list[Count] = []
    for run in runs:
        for index, spec in enumerate(run.specs):
            if spec.instance_id is None:
                continue
            for test in run.instance(index)["results"]["tests"]:
                attempts = test["attempts"]
                failed = test["state"] == "failed"
                found.append(
                    Count(
                        run,
                        spec.group_id,
                        spec.path,
                        " > ".join(test["title"]),
                        test["state"],
                        test["state"] == "passed" and len(attempts) > 1,
                        sum(one["wallClockDuration"] or 0 for one in attempts),
                        attempts[-1]["error"]["message"] if failed else None,
                    )
                )
    return found


class Asked(NamedTuple):
    name: str
    query: tuple[tuple[str, str], ...] = ALL
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    first: datetime = START
    last: datetime = START + timedelta(days=90)

    def covers(self, run: WorldRun) -> bool:
        commit = run.payload["meta"]["commit"]
        groups = {group["groupId"] for group in run.payload["groups"]}
        return (
            self.first <= datetime.fromisoformat(run.created_at) <= self.last
            and (not self.branches or run.branch in self.branches)
            and (not self.tags or not set(self.tags).isdisjoint(run.tags))
            and (not self.groups or not groups.isdisjoint(self.groups))
            and (
                not self.authors
                or not {commit["authorName"], commit["authorEmail"]}.isdisjoint(self.authors)
            )
        )


def ask(name: str, **lists: tuple[str, ...]) -> Asked:
    pairs = [(f"{key}[]", value) for key, values in lists.items() for value in values]
    fields: dict[str, Any] = {**lists}
    return Asked(name, (*ALL, *pairs), **fields)


MIDDLE = (START + timedelta(hours=30), START + timedelta(hours=64))
FILTERS = [
    Asked("everything"),
    ask("branches", branches=("main", "fix")),
    ask("tags", tags=("eu",)),
    ask("any tag", tags=("eu", "nightly")),
    ask("groups", groups=("firefox",)),
    ask("author", authors=("ada@example.org",)),
    ask("all at once", branches=("main",), tags=("nightly",), authors=("Zoë", "Ada Lovelace")),
    ask("nothing", branches=("gone",)),
    Asked(
        "dates",
        (("date_start", MIDDLE[0].isoformat()), ("date_end", MIDDLE[1].isoformat())),
        first=MIDDLE[0],
        last=MIDDLE[1],
    ),
]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("asked", FILTERS, ids=lambda asked: asked.name)
async def test_agreement(serve: Any, seed: int, asked: Asked) -> None:
    world, project, every = make(seed)
    runs = [run for run in project.runs if asked.covers(run)]
    counts = [
        one for one in every if one.run in runs and (not asked.groups or one.group in asked.groups)
    ]
    states = Counter(one.state for one in counts)
    assert bool(counts) == (asked.name != "nothing")
    async with serve(world) as served:
        await check_insights(served, project, asked, runs, counts)
        tests = await check_tests(served, project, asked, counts)
        await check_results(served, asked, counts, tests)
        await check_spec_files(served, project, asked, runs)
        errors = await check_errors(served, project, asked, counts)
    assert sum(error["count"] for error in errors) == states["failed"]
    assert sum(test["metrics"]["executions"] for test in tests) == len(counts)


async def check_insights(
    served: Any, project: WorldProject, asked: Asked, runs: list[WorldRun], counts: list[Count]
) -> None:
    states = Counter(one.state for one in counts)
    completion = Counter(run.completion_state for run in runs)
    complete = Counter(run.status for run in runs if run.completion_state == "COMPLETE")
    for resolution in ("1h", "1d", "1w"):
        path = f"projects/{project.project_id}/insights"
        data = (await served.get(path, *asked.query, resolution=resolution))["data"]
        overall, timeline = data["results"]["overall"], data["results"]["timeline"]
        assert overall["tests"] == {
            "total": len(counts),
            "failed": states["failed"],
            "passed": states["passed"],
            "pending": states["pending"],
            "skipped": states["skipped"],
            "flaky": sum(one.flaky for one in counts),
        }
        assert {
            name: overall["runs"][name]
            for name in ("total", "completed", "timeouts", "passed", "failed", "nonFullyReported")
        } == {
            "total": len(runs),
            "completed": completion["COMPLETE"],
            "timeouts": completion["TIMEOUT"],
            "passed": complete["PASSED"],
            "failed": complete["FAILED"],
            "nonFullyReported": len(runs) - completion["COMPLETE"],
        }
        for part in ("runs", "tests"):
            for metric, value in overall[part].items():
                if not metric.startswith("avg"):
                    values = [next(iter(bucket.values()))[part][metric] for bucket in timeline]
                    assert sum(values) == value


async def check_tests(
    served: Any, project: WorldProject, asked: Asked, counts: list[Count]
) -> list[Any]:
    tests: list[Any] = await served.turn(
        f"tests/{project.project_id}", *asked.query, ("order", "title"), limit=17
    )
    mine: dict[tuple[str, str], list[Count]] = {}
    for one in counts:
        mine.setdefault((one.spec, one.title), []).append(one)
    assert {(test["spec"], test["title"]) for test in tests} == mine.keys()
    assert len({test["signature"] for test in tests}) == len(tests) == len(mine)
    for test in tests:
        executions = mine[test["spec"], test["title"]]
        states = Counter(one.state for one in executions)
        failures = states["failed"] + states["skipped"]
        flaky = sum(one.flaky for one in executions)
        duration = sum(one.duration for one in executions)
        assert test["metrics"] == pytest.approx({
            "executions": len(executions),
            "failures": failures,
            "ignored": states["pending"],
            "passes": states["passed"],
            "flaky": flaky,
            "flakinessRate": flaky / len(executions),
            "failureRate": failures / len(executions),
            "avgDurationMs": duration / len(executions),
            "flakinessVolume": flaky,
            "failureVolume": failures,
            "durationVolume": duration,
        })
        newest = max(one.run.created_at for one in executions)
        assert test["lastSeen"] == newest
    return tests


async def check_results(served: Any, asked: Asked, counts: list[Count], tests: list[Any]) -> None:
    for test in tests[:6]:
        results = await served.walk(f"test-results/{test['signature']}", *asked.query, limit=2)
        expected = [
            (one.run.run_id, one.state, one.flaky, one.duration)
            for one in counts
            if (one.spec, one.title) == (test["spec"], test["title"])
        ]
        found = [(one["runId"], one["status"], one["flaky"], one["duration"]) for one in results]
        assert sorted(found) == sorted(expected)
        assert len(results) == test["metrics"]["executions"]
        dates = [one["createdAt"] for one in results]
        assert dates == sorted(dates, reverse=True)


async def check_spec_files(
    served: Any, project: WorldProject, asked: Asked, runs: list[WorldRun]
) -> None:
    files = await served.turn(f"spec-files/{project.project_id}", *asked.query, limit=3)
    executions = [
        (run, spec)
        for run in runs
        for spec in run.specs
        if (spec.instance_id or run.completion_state == "TIMEOUT")
        and (not asked.groups or spec.group_id in asked.groups)
    ]
    assert {file["spec"] for file in files} == {spec.path for _, spec in executions}
    for file in files:
        mine = [(run, spec) for run, spec in executions if spec.path == file["spec"]]
        reported = [spec for _, spec in mine if spec.instance_id]
        metrics = file["metrics"]
        assert metrics["overallExecutions"] == len(mine)
        assert metrics["fullyReported"] == len(reported)
        assert metrics["timeoutExecutions"] == len(mine) - len(reported)
        assert metrics["failedExecutions"] == sum(spec.failures > 0 for spec in reported)
        assert metrics["flakyExecutions"] == sum(spec.flaky > 0 for spec in reported)
        assert metrics["failureRate"] == metrics["failedExecutions"] / len(mine)
        assert metrics["flakeRate"] == metrics["flakyExecutions"] / len(mine)
        assert metrics["timeoutRate"] == metrics["timeoutExecutions"] / len(mine)
        if reported:
            newest = max((run.created_at, spec.tests) for run, spec in mine if spec.instance_id)
            assert metrics["suiteSize"] == newest[1]


async def check_errors(
    served: Any, project: WorldProject, asked: Asked, counts: list[Count]
) -> list[Any]:
    path = f"errors/{project.project_id}"
    failed = [one for one in counts if one.message is not None]
    totals: list[int] = []
    for group_by in (["message"], ["category"], ["action", "target"], ["target", "message"]):
        pairs = [("group_by[]", key) for key in group_by]
        groups = await served.turn(path, *asked.query, *pairs, limit=9)
        totals.append(sum(group["count"] for group in groups))
    assert totals == [len(failed)] * 4
    errors: list[Any] = await served.turn(path, *asked.query, limit=9)
    by_tests = {error["message"]: error["details"]["tests"]["count"] for error in errors}
    for message, tests in by_tests.items():
        mine = [one for one in failed if plain(one.message) == message]
        assert tests == len({(one.spec, one.title) for one in mine})
    timeline = (await served.get(path, *asked.query))["data"]["timeline"]
    assert sum(bucket["count"] for bucket in timeline) == len(failed)
    return errors


def plain(message: str | None) -> str:
    parts = (message or "").split("\x1b[")
    return parts[0] + "".join(part.partition("m")[2] for part in parts[1:])
