import re
import zlib
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from currents_async import InvalidArgumentError
from currents_async.testing import World, WorldRun
from currents_async.testing.world import WorldProject

FRAMEWORKS = ["playwright", "cypress"]
LIMIT = 1_048_576


def make(framework: Any = "playwright", *, seed: int = 1, **options: Any) -> WorldRun:
    return World(seed).project().run(framework=framework, **options)


def instances(run: WorldRun) -> list[dict[str, Any]]:
    return [
        run.instance(index) for index, spec in enumerate(run.specs) if spec.instance_id is not None
    ]


def list_tests(run: WorldRun) -> list[dict[str, Any]]:
    return [test for instance in instances(run) for test in instance["results"]["tests"]]


def is_flaky(test: dict[str, Any]) -> bool:
    return test["state"] == "passed" and len(test["attempts"]) > 1


def retries(test: dict[str, Any]) -> int:
    return max(0, len(test["attempts"]) - 1)


@pytest.mark.parametrize("framework", FRAMEWORKS)
class TestDeterminism:
    def test_same_seed_same_bytes(self, framework: str) -> None:
        one, two = make(framework), make(framework)
        assert msgspec.json.encode(one.payload) == msgspec.json.encode(two.payload)
        assert msgspec.json.encode(instances(one)) == msgspec.json.encode(instances(two))

    def test_other_seed_other_ids(self, framework: str) -> None:
        one, two = make(framework, seed=1), make(framework, seed=2)
        assert one.run_id != two.run_id
        assert one.project_id != two.project_id
        ids = {spec.instance_id for spec in one.specs}
        assert ids.isdisjoint(spec.instance_id for spec in two.specs)

    def test_instances_do_not_depend_on_the_order_of_requests(self, framework: str) -> None:
        one, two = make(framework), make(framework)
        backwards = [two.instance(index) for index in reversed(range(40))][::-1]
        assert backwards == [one.instance(index) for index in range(40)]
        assert one.instance(7) == one.instance(7)

    def test_a_run_does_not_depend_on_other_runs(self, framework: Any) -> None:
        lonely = World().project()
        crowded_world = World()
        crowded = crowded_world.project()
        crowded_world.project().run(specs=3)
        lonely.run(framework=framework)
        second = lonely.run(framework=framework)
        crowded.run(framework="playwright", specs=99, failures=0, groups=3)
        assert crowded.run(framework=framework).payload == second.payload

    def test_runs_of_a_project_share_the_suite(self, framework: Any) -> None:
        project = World().project()
        one, two = project.run(framework=framework), project.run(framework=framework, specs=50)
        assert [spec.path for spec in one.specs] == [spec.path for spec in two.specs][:40]
        titles = [
            [test["title"] for test in run.instance(5)["results"]["tests"]] for run in (one, two)
        ]
        shared = min(map(len, titles))
        assert titles[0][:shared] == titles[1][:shared]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(("seed", "groups", "unclaimed"), [(1, 1, 0), (2, 3, 0), (3, 2, 17)])
class TestStats:
    def test_specs_agree_with_their_instances(
        self, framework: str, seed: int, groups: int, unclaimed: int
    ) -> None:
        run = make(framework, seed=seed, specs=80, groups=groups, unclaimed=unclaimed, flaky=0.1)
        entries = run.payload["specs"][: 80 - unclaimed]
        for entry, spec, instance in zip(entries, run.specs, instances(run), strict=False):
            tests = instance["results"]["tests"]
            states = Counter(test["state"] for test in tests)
            stats = entry["results"]["stats"]
            assert instance["results"]["stats"] == stats
            assert instance["instanceId"] == entry["instanceId"]
            assert stats["tests"] == len(tests)
            assert stats["passes"] == states["passed"]
            assert stats["failures"] == states["failed"]
            assert stats["pending"] == states["pending"]
            assert stats["skipped"] == states["skipped"]
            assert entry["results"]["flaky"] == sum(map(is_flaky, tests))
            assert stats.get("flaky", entry["results"]["flaky"]) == entry["results"]["flaky"]
            assert stats.get("retries", sum(map(retries, tests))) == sum(map(retries, tests))
            assert stats.get("overall", len(tests)) == len(tests)
            assert (spec.tests, spec.passes, spec.failures, spec.pending, spec.skipped) == tuple(
                stats[name] for name in ("tests", "passes", "failures", "pending", "skipped")
            )
            assert spec.flaky == entry["results"]["flaky"]

    def test_groups_agree_with_the_instances(
        self, framework: str, seed: int, groups: int, unclaimed: int
    ) -> None:
        run = make(framework, seed=seed, specs=80, groups=groups, unclaimed=unclaimed, flaky=0.1)
        assert len(run.payload["groups"]) == groups
        for group in run.payload["groups"]:
            mine = [one for one in instances(run) if one["groupId"] == group["groupId"]]
            tests = [test for one in mine for test in one["results"]["tests"]]
            states = Counter(test["state"] for test in tests)
            expected = {
                "overall": len(tests),
                "passes": states["passed"],
                "failures": states["failed"],
                "pending": states["pending"],
                "skipped": states["skipped"],
                "flaky": sum(map(is_flaky, tests)),
                "retries": sum(map(retries, tests)),
            }
            if framework == "playwright":
                expected["tests"] = len(tests)
            assert group["tests"] == expected
            failed = sum(one["results"]["stats"]["failures"] > 0 for one in mine)
            specs = [
                entry for entry in run.payload["specs"] if entry["groupId"] == group["groupId"]
            ]
            assert group["instances"] == {
                "overall": len(specs),
                "claimed": len(mine),
                "complete": len(mine),
                "passes": len(mine) - failed,
                "failures": failed,
            }

    def test_the_run_agrees_with_its_specs(
        self, framework: str, seed: int, groups: int, unclaimed: int
    ) -> None:
        run = make(framework, seed=seed, specs=80, groups=groups, unclaimed=unclaimed)
        if unclaimed:
            assert (run.completion_state, run.status) == ("IN_PROGRESS", "RUNNING")
        else:
            failed = any(spec.failures for spec in run.specs)
            assert (run.completion_state, run.status) == (
                "COMPLETE",
                "FAILED" if failed else "PASSED",
            )

    def test_attempts_lie_within_their_spec(
        self, framework: str, seed: int, groups: int, unclaimed: int
    ) -> None:
        run = make(framework, seed=seed, specs=80, groups=groups, unclaimed=unclaimed)
        for instance in instances(run):
            stats = instance["results"]["stats"]
            attempts = [one for test in instance["results"]["tests"] for one in test["attempts"]]
            assert (
                sum(one["wallClockDuration"] or 0 for one in attempts) <= stats["wallClockDuration"]
            )
            for one in attempts:
                started = one["wallClockStartedAt"] or stats["wallClockStartedAt"]
                assert stats["wallClockStartedAt"] <= started <= stats["wallClockEndedAt"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
class TestOutcomes:
    @pytest.mark.parametrize(("failures", "flaky"), [(0, 0), (3, 0), (0, 5), (7, 11)])
    def test_exact_numbers(self, framework: str, failures: int, flaky: int) -> None:
        run = make(framework, failures=failures, flaky=flaky)
        tests = list_tests(run)
        assert sum(test["state"] == "failed" for test in tests) == failures
        assert sum(map(is_flaky, tests)) == flaky
        assert run.status == ("FAILED" if failures else "PASSED")

    def test_shares(self, framework: str) -> None:
        tests = list_tests(make(framework, failures=0.25, flaky=0.5, specs=60))
        assert sum(test["state"] == "failed" for test in tests) == round(len(tests) * 0.25)
        assert sum(map(is_flaky, tests)) == round(len(tests) * 0.5)

    def test_all_may_fail(self, framework: str) -> None:
        run = make(framework, specs=5, tests=4, failures=20, flaky=0)
        assert {test["state"] for test in list_tests(run)} == {"failed"}

    def test_default_mixture(self, framework: str) -> None:
        tests = list_tests(make(framework, specs=300))
        states = Counter(test["state"] for test in tests)
        assert set(states) == {"passed", "failed", "pending", "skipped"}
        assert states["passed"] / len(tests) > 0.9

    def test_flaky_tests_failed_first_and_say_so(self, framework: str) -> None:
        for test in list_tests(make(framework, flaky=20)):
            if is_flaky(test):
                *before, last = [attempt["state"] for attempt in test["attempts"]]
                assert set(before) == {"failed"}
                assert last == "passed"
            if framework == "playwright":
                assert test["isFlaky"] == is_flaky(test)

    def test_number_of_tests(self, framework: str) -> None:
        assert {spec.tests for spec in make(framework, tests=7).specs} == {7}
        assert {spec.tests for spec in make(framework, tests=(2, 4), specs=99).specs} == {2, 3, 4}
        (large,) = instances(make(framework, specs=1, tests=3000))
        assert len(large["results"]["tests"]) == 3000

    def test_ids_are_unique(self, framework: str) -> None:
        run = make(framework, specs=400)
        assert len({spec.instance_id for spec in run.specs}) == 400
        assert len({spec.path for spec in run.specs}) == 400
        for instance in instances(run):
            ids = [test["testId"] for test in instance["results"]["tests"]]
            assert len(set(ids)) == len(ids)


class TestArguments:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"specs": 0}, "specs must be at least 1"),
            ({"framework": "mocha"}, "framework must be one of"),
            ({"failures": -1}, "failures must be a number"),
            ({"failures": 1.5}, "failures must be a number"),
            ({"flaky": True}, "flaky must be a number"),
            ({"specs": 2, "tests": 1, "failures": 2, "flaky": 1}, "of only 2 tests"),
            ({"tests": (5, 2)}, "tests must be"),
            ({"tests": -1}, "tests must be"),
            ({"unclaimed": 41}, "unclaimed must be 0 to 40"),
            ({"unclaimed": -1}, "unclaimed must be 0 to 40"),
            ({"groups": 0}, "groups must be at least 1"),
            ({"tags": "nightly"}, "tags must be a sequence"),
        ],
    )
    def test_refused(self, options: dict[str, Any], words: str) -> None:
        project = World().project()
        with pytest.raises(InvalidArgumentError, match=words):
            project.run(**options)
        assert project.runs == []
        assert project.run().payload == World().project().run().payload

    def test_arguments_are_in_the_payload(self) -> None:
        run = make(
            branch="release/1",
            tags=["a", "b"],
            ci_build_id="build 7",
            github_run=("123", 2),
            groups=2,
        )
        assert run.branch == "release/1"
        assert run.tags == ["a", "b"]
        assert run.ci_build_id == "build 7"
        assert run.github_run == ("123", 2)
        assert len({spec.group_id for spec in run.specs}) == 2

    def test_github_actions_name_the_build(self) -> None:
        assert make(github_run=("123456", 1)).ci_build_id == "123456-1"

    def test_project(self) -> None:
        world = World()
        shop, other = world.project(name="Web shop"), world.project()
        run = shop.run()
        assert isinstance(shop, WorldProject)
        assert shop.name == "Web shop"
        assert re.fullmatch("[a-zA-Z0-9]{6}", shop.project_id)
        assert run.project_id == shop.project_id != other.project_id
        assert shop.runs == [run]
        assert world.projects == [shop, other]


@pytest.mark.parametrize("framework", FRAMEWORKS)
class TestUnfinished:
    def test_unclaimed_specs_come_last(self, framework: str) -> None:
        run = make(framework, unclaimed=4)
        for spec, entry in zip(run.specs[-4:], run.payload["specs"][-4:], strict=True):
            assert spec.instance_id is spec.machine_id is None
            assert "instanceId" not in entry
            assert entry["claimedAt"] is entry["results"] is None
        assert all(spec.instance_id for spec in run.specs[:-4])
        with pytest.raises(LookupError):
            run.instance(39)

    def test_no_spec_is_claimed(self, framework: str) -> None:
        run = make(framework, unclaimed=40)
        assert run.status == "RUNNING"
        assert run.machine_ids == []

    def test_running(self, framework: str) -> None:
        run = make(framework, running=True)
        assert (run.completion_state, run.status) == ("IN_PROGRESS", "RUNNING")
        assert run.payload["durationMs"] is None


class TestSize:
    @pytest.mark.parametrize("seed", [1, 2])
    def test_13_000_playwright_specs_just_fit(self, seed: int) -> None:
        run = make(seed=seed, specs=13_000)
        text = msgspec.json.encode({"status": "OK", "data": run.payload})
        assert 7_000_000 < len(text) < 8_000_000
        assert 0.9 * LIMIT < len(zlib.compress(text, wbits=31)) < LIMIT

    def test_signed_urls_make_cypress_runs_large(self) -> None:
        run = make("cypress", specs=2000)
        text = msgspec.json.encode({"status": "OK", "data": run.payload})
        assert len(zlib.compress(text, wbits=31)) > LIMIT


class TestAddedPayloads:
    def test_a_run_is_served_as_it_is(self) -> None:
        world = World()
        data = {"runId": "r", "projectId": "p", "createdAt": "2022-07-06T08:23:40.939Z", "new": [1]}
        run = world.add_run_payload(data)
        assert world.runs["r"].payload == data
        data["new"] = []
        assert run.payload["new"] == [1]
        assert run.specs == []

    def test_an_instance_is_served_as_it_is(self) -> None:
        world = World()
        data = {"instanceId": "i", "runId": "r", "new": {"a": [1]}}
        world.add_instance_payload(data)
        first = world.instance_version("i")
        served = world.instance("i")
        assert served is not None
        assert served == data
        served.clear()
        assert world.instance("i") == data
        world.add_instance_payload({"instanceId": "i"})
        assert world.instance("i") == {"instanceId": "i"}
        assert world.instance_version("i") != first
        assert world.instance("j") is None
        assert world.instance_version("j") is None


class TestVariety:
    def test_dates(self) -> None:
        date = datetime(2025, 12, 31, 23, 59, 59, 123_000, tzinfo=timezone(timedelta(hours=1)))
        run = make(created_at=date)
        assert run.created_at == "2025-12-31T22:59:59.123Z"
        assert all(entry["claimedAt"] > run.created_at for entry in run.payload["specs"])
        with pytest.raises(InvalidArgumentError, match="created_at must have a time zone"):
            make(created_at=date.replace(tzinfo=None))

    def test_the_other_options_change_nothing_else(self) -> None:
        plain = make().payload
        other = make(
            author=("Ada", "ada@example.org"), pull_request=7, annotations=[("owner", "Ada")]
        ).payload
        request = other["meta"].pop("pr")
        assert (request["id"], request["source"], request["destination"]) == ("7", "main", "main")
        event = other["meta"]["commit"].pop("ghaEventData")
        assert event["headSha"] == plain["meta"]["commit"]["sha"]
        assert (event["headRef"], event["htmlUrl"]) == ("main", request["link"])
        assert other["meta"].pop("title") == event["prTitle"] == request["title"]
        replaced = other["meta"]["commit"].pop("replacedCommitData")
        assert replaced["branch"] == "refs/pull/7/merge"
        for name in ("authorName", "authorEmail"):
            other["meta"]["commit"][name] = plain["meta"]["commit"][name]
        assert other == plain

    def test_a_pull_request_keeps_its_title(self) -> None:
        project = World().project()
        requests = [
            project.run(specs=1, pull_request=number).payload["meta"]["pr"] for number in (1, 2, 1)
        ]
        assert requests[0] == requests[2]
        assert requests[0]["title"] != requests[1]["title"]

    def test_annotations_stay_with_their_tests(self) -> None:
        project = World().project()
        notes: list[dict[str, Any]] = []
        for _ in range(2):
            run = project.run(tests=5, annotations=[("owner", "Ada"), ("slow", "")])
            notes.append({test["testId"]: test["annotations"] for test in list_tests(run)})
        assert notes[0] == notes[1]
        found = Counter(len(note) for note in notes[0].values())
        assert found == {1: 160, 0: 40}
        with pytest.raises(InvalidArgumentError, match="annotations must be empty"):
            project.run(framework="cypress", annotations=[("owner", "Ada")])

    @pytest.mark.parametrize("framework", FRAMEWORKS)
    def test_timed_out(self, framework: str) -> None:
        world = World()
        run = world.project().run(framework=framework, unclaimed=2, timed_out=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert (run.completion_state, run.status) == ("TIMEOUT", "FAILED")
        assert run.payload["timeout"]["isTimeout"] is True
        assert run.payload["durationMs"] > 0
        world.reset(run.run_id, run.machine_ids)
        assert run.completion_state == "IN_PROGRESS"
        assert run.payload["timeout"]["isTimeout"] is False


class TestExecutions:
    @pytest.mark.parametrize("framework", FRAMEWORKS)
    def test_are_those_of_the_instances(self, framework: Any) -> None:
        world = World()
        project = world.project()
        run = project.run(framework=framework, failures=9, flaky=9, unclaimed=2, groups=2)
        executions = world.executions(project.project_id)
        tests = list_tests(run)
        assert [one.test_id for one in executions] == [test["testId"] for test in tests]
        assert [one.state for one in executions] == [test["state"] for test in tests]
        assert [one.flaky for one in executions] == [is_flaky(test) for test in tests]
        assert sum(one.error is not None for one in executions) == 9
        assert len({one.signature for one in executions}) == len(executions)
        assert len({one.order for one in executions}) == len(executions)

    def test_follow_every_change(self) -> None:
        world = World()
        project = world.project()

        def count() -> int:
            return len(world.executions(project.project_id))

        first = project.run(specs=45, tests=2)
        assert count() == 90
        second = project.run(specs=3, tests=1)
        assert count() == 93
        assert [one.run.run_id for one in world.executions(project.project_id)][:3] == [
            second.run_id
        ] * 3
        gone = len(world.reset(first.run_id, first.machine_ids[:1]))
        assert 0 < gone < 45
        assert count() == 93 - 2 * gone
        first.cancel()
        assert count() == 93 - 2 * gone
        world.delete(first.run_id)
        assert count() == 3
        instance = second.instance(0)
        instance["results"]["tests"] *= 5
        world.add_instance_payload(instance)
        assert count() == 7

    def test_unchanged_runs_are_not_read_again(self) -> None:
        world = World()
        project = world.project()
        run = project.run()
        before = world.executions(project.project_id)
        assert world.executions(project.project_id) is before
        project.run()
        assert world.view.of_run(run)[0] is before[0]

    def test_signatures_are_those_of_other_runs_too(self) -> None:
        world = World()
        one, two = world.project(), world.project()
        for project in (one, one, two):
            project.run(specs=3, tests=3)
        signatures = [
            {test.signature for test in world.executions(project.project_id)}
            for project in (one, two)
        ]
        assert [len(found) for found in signatures] == [9, 9]
        assert signatures[0].isdisjoint(signatures[1])
