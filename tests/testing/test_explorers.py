from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
import pytest

from currents_async.testing import World, WorldProject
from currents_async.testing._world.errors import group_errors, order_errors
from currents_async.testing._world.failures import ErrorFacts

DATES = (("date_start", "2026-01-01"), ("date_end", "2026-03-01"))


@pytest.fixture
def project(world: World) -> WorldProject:
    project = world.project()
    for number in range(5):
        project.run(
            specs=4 + number,
            failures=0.3,
            flaky=0.15,
            branch=f"b{number % 2}",
            tags=["x"] if number % 2 else ["x", "y"],
            annotations=[("owner", "Ada"), ("owner", "Zoë"), ("slow", "")],
        )
    return project


class TestSpecFiles:
    @pytest.mark.parametrize("direction", ["asc", "desc"])
    @pytest.mark.parametrize(
        "order",
        [
            "avgDuration",
            "failedExecutions",
            "failureRate",
            "flakeRate",
            "flakyExecutions",
            "fullyReported",
            "overallExecutions",
            "suiteSize",
            "timeoutExecutions",
            "timeoutRate",
        ],
    )
    async def test_orders(
        self, served: Any, project: WorldProject, order: str, direction: str
    ) -> None:
        project.run(specs=7, unclaimed=3, timed_out=True)
        path, pairs = f"spec-files/{project.project_id}", [*DATES, ("order", order)]
        files = await served.turn(path, *pairs, ("dir", direction), limit=4)
        values = [file["metrics"][order] for file in files]
        assert values == sorted(values, reverse=direction == "desc")
        assert len(set(values)) > 1
        assert len({file["spec"] for file in files}) == 8
        # What is equal stays in one order, whatever else there is.
        for _, equal in groupby(files, lambda file: file["metrics"][order]):
            signatures = [file["signature"] for file in equal]
            assert signatures == sorted(signatures)

    async def test_name_and_duration(self, served: Any, project: WorldProject) -> None:
        path, run = f"spec-files/{project.project_id}", project.runs[0]
        name = run.specs[3].path
        found: list[Any] = []
        for flag in ("true", "false"):
            pairs = [("specNameFilter", name.upper()), ("includeFailedInDuration", flag)]
            (file,) = await served.turn(path, *DATES, *pairs)
            assert file["spec"] == name
            found.append(file["metrics"]["avgDuration"])
        specs = [one.payload["specs"][3]["results"]["stats"] for one in project.runs]
        passed = [one["wallClockDuration"] for one in specs if not one["failures"]]
        assert 0 < len(passed) < 5
        assert found[0] == sum(one["wallClockDuration"] for one in specs) / 5
        assert found[1] == sum(passed) / len(passed)

    async def test_refusals(self, served: Any, project: WorldProject) -> None:
        for pair in (("order", "spec"), ("dir", "up"), ("includeFailedInDuration", "1")):
            path = f"spec-files/{project.project_id}"
            assert f"{pair[0]} must be" in await served.refused(path, *DATES, pair)


class TestTests:
    @pytest.mark.parametrize("direction", ["asc", "desc"])
    @pytest.mark.parametrize(
        ("order", "metric"),
        [
            ("failures", "failures"),
            ("passes", "passes"),
            ("flakiness", "flakinessRate"),
            ("flakinessXSamples", "flakinessVolume"),
            ("failRateXSamples", "failureVolume"),
            ("duration", "avgDurationMs"),
            ("durationXSamples", "durationVolume"),
            ("executions", "executions"),
        ],
    )
    async def test_orders(
        self, served: Any, project: WorldProject, order: str, metric: str, direction: str
    ) -> None:
        pairs = [*DATES, ("order", order), ("dir", direction)]
        tests = await served.turn(f"tests/{project.project_id}", *pairs, limit=30)
        values = [test["metrics"][metric] for test in tests]
        assert values == sorted(values, reverse=direction == "desc")
        assert len(set(values)) > 1

    async def test_order_by_title(self, served: Any, project: WorldProject) -> None:
        path, pairs = f"tests/{project.project_id}", [*DATES, ("order", "title")]
        up = await served.turn(path, *pairs, ("dir", "asc"), limit=30)
        down = await served.turn(path, *pairs, limit=30)
        titles = [test["title"] for test in up]
        assert titles == sorted(titles)
        assert down == up[::-1]

    @pytest.mark.parametrize(
        ("order", "metric"),
        [
            ("durationDelta", "avgDurationMs"),
            ("flakinessRateDelta", "flakinessRate"),
            ("failureRateDelta", "failureRate"),
        ],
    )
    async def test_orders_by_what_has_changed(
        self, served: Any, project: WorldProject, order: str, metric: str
    ) -> None:
        """The last three runs, against the two before, which are in the same stretch of time."""
        runs, path = project.runs, f"tests/{project.project_id}"
        now = [("date_start", runs[2].created_at), ("date_end", runs[4].created_at)]
        then = [("date_start", runs[0].created_at), ("date_end", runs[1].created_at)]
        tests = await served.turn(path, *now, ("order", order), limit=50)
        before = {
            test["signature"]: test["metrics"][metric]
            for test in await served.turn(path, *then, limit=50)
        }
        deltas = [test["metrics"][metric] - before.get(test["signature"], 0) for test in tests]
        assert deltas == sorted(deltas, reverse=True)
        assert len(set(deltas)) > 2

    async def test_filters(self, served: Any, project: WorldProject) -> None:
        path = f"tests/{project.project_id}"

        async def ask(*pairs: tuple[str, str]) -> list[Any]:
            tests: list[Any] = await served.turn(path, *DATES, *pairs, limit=50)
            return tests

        every = await ask()
        spec = every[0]["spec"]
        assert await ask(("spec", spec.upper())) == [one for one in every if one["spec"] == spec]
        title = every[5]["titlePath"][-1]
        assert {one["title"] for one in await ask(("title", title))} == {
            one["title"] for one in every if title.casefold() in one["title"].casefold()
        }
        often = await ask(("min_executions", "5"))
        assert often == [one for one in every if one["metrics"]["executions"] >= 5]
        assert 0 < len(often) < len(every)
        failed = await ask(("test_state[]", "failed"), ("test_state[]", "skipped"))
        assert {one["signature"]: one["metrics"]["executions"] for one in failed} == {
            one["signature"]: one["metrics"]["failures"]
            for one in every
            if one["metrics"]["failures"]
        }
        assert all(one["metrics"]["failureRate"] == 1 for one in failed)

    async def test_annotations(self, served: Any, project: WorldProject) -> None:
        path = f"tests/{project.project_id}"
        found: dict[str, set[str]] = {}
        for text in (
            '[{"type":"owner"}]',
            '[{"type":"owner","description":"Ada"}]',
            '[{"type":"owner","description":["Ada","Zoë"]}]',
            '[{"type":"owner","description":"Ada"},{"type":"slow"}]',
            '[{"type":"Ada"}]',
            "[]",
        ):
            tests = await served.turn(path, *DATES, ("annotations", text), limit=50)
            found[text] = {test["signature"] for test in tests}
        either, ada, both, none, wrong, every = found.values()
        assert not none
        assert not wrong
        assert ada < both == either < every

    async def test_metric_settings(self, served: Any, project: WorldProject) -> None:
        path, states = f"tests/{project.project_id}", {"passed", "failed"}
        settings = msgspec.json.encode({
            "executions": [*states],
            "avgDuration": ["passed"],
            "failureRate": [*states],
        }).decode()
        tests = await served.turn(path, *DATES, ("metric_settings", settings), limit=50)
        for test in tests[:5]:
            results = await served.walk(f"test-results/{test['signature']}", *DATES)
            mine = [one for one in results if one["status"] in states]
            passed = [one["duration"] for one in mine if one["status"] == "passed"]
            failed = sum(one["status"] == "failed" for one in mine)
            metrics = test["metrics"]
            assert metrics["executions"] == len(mine)
            assert metrics["avgDurationMs"] == (sum(passed) / len(passed) if passed else 0)
            assert metrics["failureRate"] == failed / len(mine)

    async def test_refusals(self, served: Any, project: WorldProject) -> None:
        for pair in (
            ("order", "spec"),
            ("min_executions", "0"),
            ("test_state[]", "broken"),
            ("metric_settings", "{"),
            ("metric_settings", "[]"),
            ("metric_settings", '{"avg":[]}'),
            ("annotations", "{}"),
            ("annotations", '[{"kind":"owner"}]'),
        ):
            path = f"tests/{project.project_id}"
            assert f"{pair[0]} must be" in await served.refused(path, *DATES, pair)


class TestResults:
    async def test_fields_of_a_result(
        self, serve: Any, world: World, project: WorldProject
    ) -> None:
        cypress = project.run(framework="cypress", failures=0.5)
        for run in (project.runs[1], cypress):
            test = next(one for one in world.view.of_run(run) if one.state == "failed")
            instance = world.instance(test.instance_id) or {}
            wire = instance["results"]["tests"][test.place[1]]
            async with serve(world) as served:
                results = await served.walk(f"test-results/{test.signature}", *DATES)
            (found,) = [one for one in results if one["instanceId"] == test.instance_id]
            assert found["runId"] == run.run_id
            assert found["createdAt"] == run.created_at
            assert found["commit"].items() >= instance["commit"].items()
            assert found["testId"] == wire["testId"]
            assert found["title"] == wire["title"]
            assert found["status"] == wire["state"] == "failed"
            assert found["displayError"] == wire["displayError"]
            assert [one["state"] for one in found["attempts"]] == ["failed"] * len(wire["attempts"])
            for one, attempt in zip(found["attempts"], wire["attempts"], strict=True):
                assert one["startedAt"] == attempt["wallClockStartedAt"]
                assert one["duration"] == attempt["wallClockDuration"]
                assert one["error"]["stack"] == attempt["error"]["stack"]
                assert one["error"]["location"]["line"] == attempt["error"]["codeFrame"]["line"]
            assert ("expectedStatus" in found) == (run is not cypress)
            kind = "cypress" if run is cypress else "pw"
            assert found["framework"]["type"] == kind

    async def test_filters(self, served: Any, world: World, project: WorldProject) -> None:
        executions = world.executions(project.project_id)
        signature = next(one.signature for one in executions if one.flaky)
        path = f"test-results/{signature}"
        every = await served.walk(path, *DATES)
        for state in ("passed", "failed", "pending", "skipped"):
            mine = [one["runId"] for one in every if one["status"] == state]
            found = await served.walk(path, *DATES, ("status[]", state))
            assert [one["runId"] for one in found] == mine
        for flag in (True, False):
            mine = [one["runId"] for one in every if one["flaky"] == flag]
            found = await served.walk(path, *DATES, ("flaky", str(flag).lower()))
            assert [one["runId"] for one in found] == mine
        mine = [one["runId"] for one in every if one["commit"]["branch"] == "b1"]
        found = await served.walk(path, *DATES, ("branches[]", "b1"))
        assert [one["runId"] for one in found] == mine
        note = every[0]["annotations"]
        text = msgspec.json.encode(note or [{"type": "none"}]).decode()
        assert bool(await served.walk(path, *DATES, ("annotations", text))) == bool(note)
        for pair in (("status[]", "flaky"), ("flaky", "yes"), ("annotations", "x")):
            assert f"{pair[0]} must be" in await served.refused(path, *DATES, pair)

    async def test_signature(self, served: Any, world: World, project: WorldProject) -> None:
        run = project.runs[0]
        signatures: set[str] = set()
        for test in world.view.of_run(run)[:20]:
            for title in ([*test.title], " > ".join(test.title)):
                body = {
                    "projectId": project.project_id,
                    "specFilePath": test.spec,
                    "testTitle": title,
                }
                status, response = await served.call("POST", "signature/test", json=body)
                assert (status, response["data"]) == (200, {"signature": test.signature})
            signatures.add(test.signature)
            results = await served.walk(f"test-results/{test.signature}", *DATES)
            assert run.run_id in {one["runId"] for one in results}
        assert len(signatures) == 20
        assert await served.walk("test-results/nope", *DATES) == []

    async def test_bad_signature_bodies(self, served: Any, project: WorldProject) -> None:
        good = {"projectId": project.project_id, "specFilePath": "a", "testTitle": ["b"]}
        for change, expected in (
            ({}, 200),
            ({"projectId": "nope"}, 404),
            ({"projectId": 1}, 400),
            ({"specFilePath": ""}, 400),
            ({"testTitle": []}, 400),
            ({"testTitle": ""}, 400),
            ({"testTitle": None}, 400),
            ({"spec": "a"}, 400),
        ):
            status, _ = await served.call("POST", "signature/test", json={**good, **change})
            assert status == expected


class TestErrors:
    async def ask(self, served: Any, project: WorldProject, *pairs: tuple[str, str]) -> Any:
        return await served.turn(f"errors/{project.project_id}", *DATES, *pairs, limit=100)

    async def test_groups(self, served: Any, project: WorldProject) -> None:
        fields = {
            "target": "error_target",
            "action": "error_action",
            "category": "error_category",
            "message": "message",
        }
        for key, field in fields.items():
            errors = await self.ask(served, project, ("group_by[]", key))
            assert {*errors[0]} <= {field, "count", "details"}
            assert len({error.get(field) for error in errors}) == len(errors) > 1
        categories = await self.ask(served, project, ("group_by[]", "category"))
        assert {one["error_category"] for one in categories} == {
            "timeout",
            "assertion",
            "exception",
        }

    async def test_the_order_of_groups_matters(self, served: Any, project: WorldProject) -> None:
        for outer, inner in (("category", "message"), ("message", "category")):
            pairs = [("group_by[]", outer), ("group_by[]", inner)]
            errors = await self.ask(served, project, *pairs)
            name = {"category": "error_category", "message": "message"}[outer]
            runs = [(key, [*mine]) for key, mine in groupby(errors, itemgetter(name))]
            assert len({key for key, _ in runs}) == len(runs)
            totals = [sum(one["count"] for one in mine) for _, mine in runs]
            assert totals == sorted(totals, reverse=True)
            for _, mine in runs:
                counts = [one["count"] for one in mine]
                assert counts == sorted(counts, reverse=True)

    def test_equal_groups_are_not_mixed(self, world: World, project: WorldProject) -> None:
        one = world.executions(project.project_id)[0]
        facts = [ErrorFacts(message, category, None, None) for message in "ab" for category in "xy"]
        mixed = [msgspec.structs.replace(one, error=error) for error in facts]
        for group_by, expected in (
            (("category", "message"), ["xa", "xb", "ya", "yb"]),
            (("message", "category"), ["xa", "ya", "xb", "yb"]),
        ):
            groups = group_errors(mixed, group_by)
            for order in ("count", "tests"):
                items = order_errors(groups, group_by, order, ascending=False)
                assert [item["error_category"] + item["message"] for item in items] == expected

    async def test_orders(self, served: Any, project: WorldProject) -> None:
        values_of: dict[str, Callable[[Any], Any]] = {
            "count": lambda one: one["count"],
            "tests": lambda one: one["details"]["tests"]["count"],
            "branches": lambda one: one["details"]["branches"]["count"],
            "error": lambda one: one["message"],
        }
        for order, value in values_of.items():
            for direction in ("asc", "desc"):
                pairs = [("order_by", order), ("dir", direction)]
                values = [value(one) for one in await self.ask(served, project, *pairs)]
                assert values == sorted(values, reverse=direction == "desc")
                assert len(set(values)) > 1

    async def test_filters(self, served: Any, project: WorldProject) -> None:
        groups = [("group_by[]", key) for key in ("category", "action", "target", "message")]
        every = await self.ask(served, project, *groups)
        for key, value in (
            ("error_category", "timeout"),
            ("error_action", "click"),
            ("error_target", every[0].get("error_target") or "größe"),
        ):
            found = await self.ask(served, project, *groups, (key, value))
            assert found == [one for one in every if one.get(key) == value]
            assert 0 < len(found) < len(every)
        found = await self.ask(served, project, *groups, ("error_message", "TIMEOUT"))
        assert {one["error_category"] for one in found} == {"timeout"}
        either = await self.ask(served, project, ("tags[]", "x"), ("tags[]", "y"))
        pairs = [("tags[]", "x"), ("tags[]", "y"), ("tags_logical_operator", "AND")]
        both = await self.ask(served, project, *pairs)
        assert either == await self.ask(served, project)
        assert both == await self.ask(served, project, ("tags[]", "y"))
        assert 0 < sum(one["count"] for one in both) < sum(one["count"] for one in either)

    async def test_timeline(self, served: Any, project: WorldProject) -> None:
        path = f"errors/{project.project_id}"
        for metric, top in (("occurrence", 1), ("test", 50), ("branch", 2)):
            groups = [("group_by[]", "category"), ("group_by[]", "message")]
            pairs = [*DATES, *groups, ("metric", metric), ("top_n", str(top))]
            (day,) = (await served.get(path, *pairs))["data"]["timeline"]
            assert day["date"] == "2026-01-05T00:00:00.000Z"
            assert 0 < len(day["items"]) <= top
            values = [
                one["count"] if metric == "occurrence" else one["details"][key]["count"]
                for key in [{"test": "tests"}.get(metric, "branches")]
                for one in day["items"]
            ]
            assert values == sorted(values, reverse=True)
            assert day["count"] >= max(values)

    async def test_refusals(self, served: Any, project: WorldProject) -> None:
        for pair in (
            ("order_by", "message"),
            ("dir", "down"),
            ("group_by[]", "test"),
            ("metric", "tests"),
            ("top_n", "0"),
            ("top_n", "51"),
            ("tags_logical_operator", "NOT"),
        ):
            path = f"errors/{project.project_id}"
            assert f"{pair[0]} must be" in await served.refused(path, *DATES, pair)
        twice = [("group_by[]", "target"), ("group_by[]", "target")]
        assert "twice" in await served.refused(path, *DATES, *twice)
