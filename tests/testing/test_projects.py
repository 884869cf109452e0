from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from currents_async.testing import World, WorldProject, WorldRun

RUNS_FIELDS = {
    "runId",
    "projectId",
    "createdAt",
    "durationMs",
    "tags",
    "previousRunId",
    "timeout",
    "groups",
    "meta",
    "completionState",
    "status",
    "cursor",
}


def pairs(name: str, *values: str) -> list[tuple[str, str]]:
    return [(name, value) for value in values]


class TestProjects:
    async def test_the_newest_first(self, served: Any, world: World) -> None:
        made = [world.project(name=f"P{number}") for number in range(23)]
        listed = await served.walk("projects", limit=5)
        assert [one["name"] for one in listed] == [one.name for one in reversed(made)]
        for project, one in zip(reversed(made), listed, strict=True):
            del one["cursor"]
            status, response = await served.call("GET", f"projects/{project.project_id}")
            assert (status, response["data"]) == (200, one)

    async def test_not_every_project_has_all_fields(self, served: Any, world: World) -> None:
        for _ in range(3):
            world.project()
        fields = {frozenset(one) for one in await served.walk("projects")}
        assert len(fields) == 2
        assert "failFast" in frozenset[str]().union(*fields)

    async def test_new_ones_do_not_disturb(self, served: Any, world: World) -> None:
        made = [world.project() for _ in range(9)]
        first = await served.get("projects", limit=4)
        world.project()
        cursor = first["data"][-1]["cursor"]
        rest = await served.get("projects", starting_after=cursor, limit=50)
        ids = [one["projectId"] for one in first["data"] + rest["data"]]
        assert ids == [one.project_id for one in reversed(made)]
        newer = await served.get("projects", ending_before=first["data"][0]["cursor"])
        assert [one["projectId"] for one in newer["data"]] == [world.projects[-1].project_id]


class TestRuns:
    async def list(self, served: Any, project: WorldProject, *query: tuple[str, str]) -> Any:
        items = await served.walk(f"projects/{project.project_id}/runs", *query, limit=3)
        return [item["runId"] for item in items]

    async def test_fields(self, served: Any, project: WorldProject) -> None:
        older, newer = project.run(), project.run(framework="cypress")
        items = await served.walk(f"projects/{project.project_id}/runs")
        assert [item.keys() for item in items] == [RUNS_FIELDS, RUNS_FIELDS]
        assert [item["previousRunId"] for item in items] == [older.run_id, None]
        for item, run in zip(items, (newer, older), strict=True):
            shared = item.keys() & run.payload.keys()
            assert shared == RUNS_FIELDS - {"cursor", "previousRunId"}
            assert all(item[name] == run.payload[name] for name in shared - {"meta"})
            assert {**item["meta"], **run.payload["meta"]} == item["meta"]
        # Of Cypress, the run itself tells it beside its `meta`.
        cypress = {"type": "cypress", "version": newer.payload["cypressVersion"]}
        assert items[0]["meta"]["framework"] == cypress
        assert items[1]["meta"] == older.payload["meta"]

    async def test_filters(self, served: Any, project: WorldProject) -> None:
        a = project.run(branch="main", tags=["x", "y"], author=("Ada", "ada@example.org"))
        b = project.run(branch="main", tags=["x"], failures=0, pull_request=7)
        c = project.run(branch="fix", tags=["y"], failures=3, ci_build_id="Build-42")
        d = project.run(branch="release/1", running=True, environments=["staging"])
        for query, expected in [
            (pairs("tags[]", "x", "y"), [a]),
            ([*pairs("tags[]", "x", "y"), ("tag_operator", "AND")], [a]),
            ([*pairs("tags[]", "x", "y"), ("tag_operator", "OR")], [c, b, a]),
            (pairs("branches[]", "main", "fix"), [c, b, a]),
            (pairs("branches[]", "mai*"), []),
            (pairs("authors[]", "Ada"), [a]),
            (pairs("authors[]", "ada@example.org", "nobody"), [a]),
            (pairs("search", "build-42"), [c]),
            (pairs("search", "RELEASE"), [d]),
            (pairs("search", c.payload["meta"]["commit"]["sha"][:9]), [c]),
            (pairs("search", b.payload["meta"]["pr"]["title"].upper()), [b]),
            (pairs("search", "stag"), [d]),
            (pairs("environments[]", "staging", "production"), [d]),
            (pairs("environments[]", "stag"), []),
            (pairs("pr_id", "7"), [b]),
            (pairs("pr_id", "8"), []),
            (pairs("status", "PASSED"), [b]),
            (pairs("status", "PASSED", "RUNNING"), [d, b]),
            (pairs("status", "FAILING"), []),
            (pairs("completion_state", "IN_PROGRESS"), [d]),
            (pairs("completion_state", "CANCELED", "TIMEOUT"), []),
            (pairs("date_start", b.created_at), [d, c, b]),
            (pairs("date_end", b.created_at), [b, a]),
            ([("date_start", b.created_at), ("date_end", c.created_at)], [c, b]),
        ]:
            assert await self.list(served, project, *query) == [run.run_id for run in expected]

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            (("status", "passed"), "status must be one of"),
            (("completion_state", "DONE"), "completion_state must be one of"),
            (("tag_operator", "and"), "tag_operator must be one of"),
            (("search", "x" * 201), "search must have at most 200"),
            (("pr_id", "a b"), "pr_id must match"),
            (("date_start", "soon"), "date_start must be a date"),
        ],
    )
    async def test_refusals(
        self, served: Any, project: WorldProject, query: Any, words: str
    ) -> None:
        assert words in await served.refused(f"projects/{project.project_id}/runs", query)

    async def test_both_vocabularies(self, served: Any, world: World) -> None:
        world.add_run_payload({
            "runId": "r",
            "projectId": "p",
            "createdAt": "2024-01-01T00:00:00.000Z",
            "completionState": "incomplete",
            "status": "running",
        })
        for query in (("completion_state", "IN_PROGRESS"), ("status", "RUNNING")):
            (item,) = await served.walk("projects/p/runs", query)
            assert item["runId"] == "r"

    async def test_changes_of_runs_show(self, served: Any, project: WorldProject) -> None:
        kept, cancelled = project.run(), project.run(running=True)
        reset, deleted = project.run(), project.run()
        project.run(timed_out=True, unclaimed=3)
        await served.call("PUT", f"runs/{cancelled.run_id}/cancel")
        await served.call(
            "PUT", f"runs/{reset.run_id}/reset", json={"machineId": reset.machine_ids[:1]}
        )
        await served.call("DELETE", f"runs/{deleted.run_id}")
        items = await served.walk(f"projects/{project.project_id}/runs")
        states = ["TIMEOUT", "IN_PROGRESS", "CANCELED", "COMPLETE"]
        assert [item["completionState"] for item in items] == states
        assert items[2]["cancellation"]["reason"] == "apiRequest"
        assert items[2]["previousRunId"] == kept.run_id
        assert items[0]["timeout"]["isTimeout"] is True

    async def test_a_cursor_survives_its_run(
        self, served: Any, world: World, project: WorldProject
    ) -> None:
        made = [project.run(specs=1) for _ in range(6)]
        path = f"projects/{project.project_id}/runs"
        cursor = (await served.get(path, limit=3))["data"][-1]["cursor"]
        world.delete(made[3].run_id)
        rest = await served.get(path, starting_after=cursor)
        expected = [run.run_id for run in made[2::-1]]
        assert [one["runId"] for one in rest["data"]] == expected

    async def test_runs_made_at_the_same_moment(self, served: Any, project: WorldProject) -> None:
        moment = datetime(2026, 2, 1, tzinfo=UTC)
        made = {project.run(specs=1, created_at=moment).run_id for _ in range(11)}
        listed = await self.list(served, project)
        assert len(listed) == 11
        assert set(listed) == made


class TestPullRequests:
    async def list(self, served: Any, project: WorldProject, *query: tuple[str, str]) -> Any:
        path = f"projects/{project.project_id}/pull-requests"
        items = await served.walk(path, *query, limit=2)
        return {
            item["pr"]["id"]: [run["runId"] for run in item["timelinePreview"]] for item in items
        }

    def make(self, project: WorldProject) -> dict[str, WorldRun]:
        return {
            "a": project.run(pull_request=1, branch="feat/a", tags=["x"], failures=1),
            "b": project.run(pull_request=2, branch="feat/b", author=("Ada", "ada@x.org")),
            "-": project.run(),
            "c": project.run(
                pull_request=3,
                branch="fix/c",
                tags=["x", "y"],
                failures=0,
                environments=["staging"],
            ),
            "A": project.run(pull_request=1, branch="feat/a", failures=0),
        }

    async def test_runs_by_pull_request(self, served: Any, project: WorldProject) -> None:
        runs = self.make(project)
        listed = await self.list(served, project, ("runs_per_pr", "2"))
        assert listed == {
            "3": [runs["c"].run_id],
            "2": [runs["b"].run_id],
            "1": [runs["A"].run_id, runs["a"].run_id],
        }
        path = f"projects/{project.project_id}/pull-requests"
        card = (await served.get(path, limit=1))["data"][0]
        assert card["pr"] == runs["A"].payload["meta"]["pr"]
        assert [run["runId"] for run in card["recentRuns"]] == listed["1"]
        assert "specs" not in card["recentRuns"][0]

    async def test_number_of_runs(self, served: Any, project: WorldProject) -> None:
        made = [project.run(specs=1, pull_request=1).run_id for _ in range(12)]
        for most in (0, 1, 10):
            listed = await self.list(served, project, ("runs_per_pr", str(most)))
            assert listed == {"1": made[: -most - 1 : -1]}
        assert len((await self.list(served, project))["1"]) == 1
        path = f"projects/{project.project_id}/pull-requests"
        assert len((await served.get(path))["data"][0]["recentRuns"]) == 10
        for bad in ("-1", "11"):
            assert "runs_per_pr" in await served.refused(path, ("runs_per_pr", bad))

    async def test_order(self, served: Any, project: WorldProject) -> None:
        self.make(project)
        for query, expected in [
            ([], "132"),
            (pairs("dir", "asc"), "231"),
            (pairs("order", "first_run"), "321"),
            (pairs("order", "run_count"), "132"),
            # Only the runs that count are counted.
            ([*pairs("order", "run_count"), *pairs("status", "PASSED")], "13"),
        ]:
            assert "".join(await self.list(served, project, *query)) == expected

    async def test_a_cursor_is_good_for_its_order(self, served: Any, project: WorldProject) -> None:
        self.make(project)
        path = f"projects/{project.project_id}/pull-requests"
        cursor = (await served.get(path, limit=1))["data"][0]["cursor"]
        for other in (("order", "first_run"), ("dir", "asc")):
            refused = await served.refused(path, other, ("starting_after", cursor))
            assert "not a cursor of this list" in refused

    async def test_filters(self, served: Any, project: WorldProject) -> None:
        runs = self.make(project)
        title = runs["b"].payload["meta"]["pr"]["title"]
        for query, expected in [
            (pairs("tags[]", "x", "y"), "3"),
            ([*pairs("tags[]", "x", "y"), ("tag_operator", "OR")], "31"),
            (pairs("branches[]", "feat/*"), "12"),
            (pairs("branches[]", "*b", "fix/c"), "32"),
            (pairs("environments[]", "staging"), "3"),
            (pairs("pr_id", "2"), "2"),
            (pairs("search", str(runs["b"].ci_build_id)), "2"),
            (pairs("date_end", runs["b"].created_at), "21"),
            (pairs("date_start", runs["c"].created_at), "13"),
            (pairs("pr_search", "#2"), "2"),
            (pairs("pr_search", " 2 "), "2"),
            (pairs("pr_search", title.upper()), "2"),
            (pairs("pr_search", "FIX/"), "3"),
            (pairs("completion_state", "COMPLETE"), "132"),
            (pairs("completion_state", "IN_PROGRESS"), ""),
            (pairs("authors[]", "*@x.org"), "2"),
            (pairs("authors[]", "A*a"), "2"),
            (pairs("authors[]", "A"), ""),
            # The newest run of the first pull request has passed.
            (pairs("status", "PASSED"), "13"),
            (pairs("status", "RUNNING"), ""),
        ]:
            assert "".join(await self.list(served, project, *query)) == expected

    async def test_another_run_moves_no_card_in_the_order_of_first_runs(
        self, served: Any, project: WorldProject
    ) -> None:
        for number in range(6):
            project.run(specs=1, pull_request=number)
        path = f"projects/{project.project_id}/pull-requests"
        first = await served.get(path, limit=3, order="first_run")
        project.run(specs=1, pull_request=1)
        cursor = first["data"][-1]["cursor"]
        rest = await served.get(path, starting_after=cursor, order="first_run")
        cards = first["data"] + rest["data"]
        assert [card["pr"]["id"] for card in cards] == ["5", "4", "3", "2", "1", "0"]


class TestTerms:
    async def list(
        self, served: Any, project: WorldProject, kind: str, *query: tuple[str, str]
    ) -> Any:
        path = f"projects/{project.project_id}/terms/{kind}"
        return [item["term"] for item in await served.walk(path, *query, limit=2)]

    async def test_kinds(self, served: Any, project: WorldProject) -> None:
        notes = [("owner", "Ada"), ("issue", "SHOP-1")]
        project.run(branch="main", tags=["b", "a"], author=("Ada", "a@x"), groups=2)
        project.run(branch="fix", tags=["c", "a"], author=("Zoë", "z@x"), annotations=notes)
        project.run(framework="cypress", ci_build_id="build", author=("Ada", "a@x"))
        for kind, expected in {
            "tag": ["a", "b", "c"],
            "group": ["build", "chromium", "firefox"],
            "branch": ["fix", "main"],
            "authorName": ["Ada", "Zoë"],
            "authorEmail": ["a@x", "z@x"],
            "framework": ["cypress", "pw"],
            "frameworkVersion": ["1.44.0", "10.3.0"],
            "clientVersion": ["1.4.0"],
            "ann_type": ["issue", "owner"],
            "ann_desc": ["Ada", "SHOP-1"],
        }.items():
            assert await self.list(served, project, kind) == expected
            backwards = await self.list(served, project, kind, ("dir", "desc"))
            assert backwards == expected[::-1]

    async def test_search(self, served: Any, project: WorldProject) -> None:
        project.run(tags=["Nightly", "night", "day"])
        found = await self.list(served, project, "tag", ("search", "NIGHT"))
        assert found == ["Nightly", "night"]

    async def test_default_and_maximum(self, served: Any, project: WorldProject) -> None:
        project.run(specs=1, tags=[f"{number:03}" for number in range(237)])
        path = f"projects/{project.project_id}/terms/tag"
        assert len((await served.get(path))["data"]) == 100
        assert len(await served.walk(path, limit=100)) == 237

    async def test_refusals(self, served: Any, project: WorldProject) -> None:
        path = f"projects/{project.project_id}/terms"
        assert "termType must be one of" in await served.refused(f"{path}/colour")
        assert "dir must be one of" in await served.refused(f"{path}/tag", ("dir", "up"))


class TestInsights:
    async def ask(self, served: Any, project: WorldProject, **query: str) -> Any:
        query = {"date_start": "2026-01-01", "date_end": "2026-03-01", **query}
        path = f"projects/{project.project_id}/insights"
        return (await served.get(path, **query))["data"]

    async def test_buckets(self, served: Any, project: WorldProject) -> None:
        start = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
        for hours in (0, 1, 49):
            project.run(created_at=start + timedelta(hours=hours))
        for resolution, dates, totals in [
            (
                "1d",
                ["2026-01-05T00", "2026-01-06T00", "2026-01-07T00", "2026-01-08T00"],
                "1101",
            ),
            ("1w", ["2026-01-05T00"], "3"),
        ]:
            data = await self.ask(served, project, resolution=resolution)
            found = [next(iter(bucket.items())) for bucket in data["results"]["timeline"]]
            assert [date for date, _ in found] == [f"{date}:00:00.000Z" for date in dates]
            assert "".join(str(found["runs"]["total"]) for _, found in found) == totals
        hours = (await self.ask(served, project, resolution="1h"))["results"]["timeline"]
        assert len(hours) == 50
        assert next(iter(hours[0])) == "2026-01-05T23:00:00.000Z"

    async def test_runs(self, served: Any, project: WorldProject) -> None:
        passed, failed = project.run(failures=0), project.run(failures=1)
        project.run(running=True)
        timed_out = project.run(timed_out=True)
        project.run(running=True).cancel()
        data = await self.ask(served, project)
        ended = [run.payload["durationMs"] for run in (passed, failed, timed_out)]
        assert data["results"]["overall"]["runs"] == pytest.approx({
            "total": 5,
            "cancelled": 1,
            "timeouts": 1,
            "completed": 2,
            "failed": 1,
            "passed": 1,
            "nonFullyReported": 3,
            "avgDurationSeconds": sum(ended) / 3000,
            "avgSuccessRate": 0.5,
        })

    async def test_the_query_is_repeated(
        self, served: Any, world: World, project: WorldProject
    ) -> None:
        data = await self.ask(served, project)
        assert data == {
            "projectId": project.project_id,
            "orgId": world.org_id,
            "dateStart": "2026-01-01",
            "dateEnd": "2026-03-01",
            "resolution": "1d",
            "results": {"overall": data["results"]["overall"], "timeline": []},
        }
        assert not any(data["results"]["overall"]["tests"].values())

    async def test_refusals(self, served: Any, project: WorldProject) -> None:
        path = f"projects/{project.project_id}/insights"
        dates = [("date_start", "2026-01-01"), ("date_end", "2026-03-01")]
        assert "required" in await served.refused(path)
        assert "required" in await served.refused(path, dates[0])
        assert "resolution must be" in await served.refused(path, *dates, ("resolution", "1m"))
        assert "not a parameter" in await served.refused(path, *dates, ("limit", "1"))
        query = dict(dates)
        response = await served.call("GET", "projects/nope/insights", params=query)
        assert response[0] == 404
