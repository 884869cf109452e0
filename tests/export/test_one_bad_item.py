"""One bad item, list or project does not stop an export: it is a row in `errors`."""

import json
from typing import Any

import pytest

from currents_async import CurrentsError, ForbiddenError, NotFoundError, ServerError
from currents_async.testing import FakeCurrents, World, WorldProject
from tests.export.exporting import HOUR, LATER, NIGHT, SINCE, UNTIL, Exporter, instance_of
from tests.export.landed import Landed, Rows, expected

pytestmark = pytest.mark.usefixtures("no_task_is_left")

FAILED = b'{"status":"OK","data":{"runId":7},"has_more":false}'


@pytest.fixture
def world() -> World:
    world = World(seed=1)
    for _ in range(2):
        project = world.project()
        for number in range(3):
            project.run(specs=1, tests=1, created_at=SINCE + number * NIGHT)
    return world


@pytest.fixture
def other(world: World) -> WorldProject:
    return world.projects[1]


def errors_of(landed: Landed, project: WorldProject) -> list[Rows]:
    return [
        rows for window, rows in landed["errors"].items() if window.project_id == project.project_id
    ]


class TestProjects:
    @pytest.mark.parametrize(("status", "kind"), [(404, "NotFoundError"), (403, "ForbiddenError")])
    async def test_that_are_refused_beside_others(
        self,
        exporter: Exporter,
        server: FakeCurrents,
        world: World,
        other: WorldProject,
        status: int,
        kind: str,
    ) -> None:
        refuse = {"path_args": {"project_id": other.project_id}}
        server.fail("listProjectRuns", status, **refuse)  # type: ignore[arg-type]  # see above
        result = await exporter(concurrency=1)
        assert (result.windows_done, result.failures) == (6, 3)
        assert result.refused == (other.project_id,)
        # It is not asked once more for each day.
        assert exporter.asked() == {"getInstance": 3, "getRun": 3, "listProjectRuns": 4}
        landed, whole = exporter.landed, expected(world)
        for table in ("runs", "tests"):
            assert landed[table] == {
                window: rows
                for window, rows in whole[table].items()
                if window.project_id != other.project_id
            }
        rows = errors_of(landed, other)
        assert [(row["run_id"], row["error"], row["status"]) for [row] in rows] == [
            ("", kind, status)
        ] * 3
        assert (await exporter(resume=True)).windows_done == 3
        assert exporter.landed == whole

    @pytest.mark.parametrize(("status", "kind"), [(404, NotFoundError), (403, ForbiddenError)])
    async def test_that_are_all_refused_are_raised(
        self, exporter: Exporter, server: FakeCurrents, status: int, kind: type[CurrentsError]
    ) -> None:
        server.fail("listProjectRuns", status, None)
        for _ in range(2):
            with pytest.raises(kind):
                await exporter(resume=True)

    async def test_that_are_refused_while_all_others_are_final(
        self, exporter: Exporter, server: FakeCurrents, other: WorldProject
    ) -> None:
        await exporter(projects=[exporter.projects[0]])
        server.fail("listProjectRuns", 404, None, path_args={"project_id": other.project_id})
        asked = []
        for night in range(20):
            exporter.asked()
            exporter.now = LATER + night * NIGHT
            result = await exporter(resume=True, concurrency=1)
            asked.append(exporter.asked())
            assert result.refused == ((other.project_id,) if asked[-1] else ())
        # Each night, until they are given up.
        assert asked == [{"listProjectRuns": 1}] * 15 + [{}] * 5

    async def test_that_are_refused_keep_their_rows(
        self, exporter: Exporter, server: FakeCurrents, world: World, other: WorldProject
    ) -> None:
        await exporter()
        server.fail("listProjectRuns", 404, None, path_args={"project_id": other.project_id})
        await exporter()
        assert {**exporter.landed, "errors": {}} == expected(world)
        assert len(errors_of(exporter.landed, other)) == 3


class TestRuns:
    async def test_that_cannot_be_read_in_a_list(
        self, exporter: Exporter, server: FakeCurrents, world: World
    ) -> None:
        [good] = [run for run in world.projects[0].runs if run.created_at < "2026-01-06"]
        listed = [{"nothing": "says what it is"}, {**good.payload, "cursor": "c"}]
        body = json.dumps({"status": "OK", "data": listed, "has_more": False}).encode()
        server.fail("listProjectRuns", 200, body=body)
        result = await exporter(concurrency=1)
        assert (result.windows_done, result.runs, result.failures) == (6, 6, 1)
        landed, whole = exporter.landed, expected(world)
        [[row]] = landed["errors"].values()
        assert (row["run_id"], row["error"]) == ("", "DecodeError")
        assert "1 of the runs in the list cannot be read: " in row["message"]
        assert landed["tests"] == whole["tests"]
        exporter.asked()
        assert (await exporter(resume=True)).failures == 0
        # What could be read is not fetched once more.
        assert exporter.asked()["listProjectRuns"] == 1
        assert exporter.landed == whole


class TestLists:
    async def test_of_one_day_that_cannot_be_read(
        self, exporter: Exporter, server: FakeCurrents, world: World
    ) -> None:
        server.fail("listProjectRuns", 200, body=FAILED, after=2)
        result = await exporter(concurrency=1)
        assert (result.windows_done, result.failures) == (6, 1)
        [[row]] = exporter.landed["errors"].values()
        assert (row["run_id"], row["error"], row["reason"]) == ("", "DecodeError", "failed")
        assert (await exporter(resume=True)).windows_done == 1
        assert exporter.landed == expected(world)

    async def test_of_a_second_page_leave_what_came_before(
        self, exporter: Exporter, server: FakeCurrents, world: World, other: WorldProject
    ) -> None:
        for _ in range(60):
            other.run(specs=1, tests=1, created_at=UNTIL - HOUR)
        server.fail("listProjectRuns", 200, body=FAILED, after=6)
        result = await exporter(concurrency=1)
        assert (result.failures, result.runs) == (1, 6 + 60 - 11)
        assert (await exporter(resume=True)).runs == 11
        assert exporter.landed == expected(world)

    async def test_of_a_service_that_is_down_are_raised(
        self, exporter: Exporter, server: FakeCurrents
    ) -> None:
        server.fail("listProjectRuns", 503, None)
        with pytest.raises(ServerError):
            await exporter(concurrency=1)
        assert exporter.landed["errors"] == {}

    async def test_of_a_service_that_goes_down_are_failures(
        self, exporter: Exporter, server: FakeCurrents, world: World
    ) -> None:
        server.fail("listProjectRuns", 500, 8, after=3)
        assert (await exporter(concurrency=1)).failures == 1
        await exporter(resume=True)
        assert exporter.landed == expected(world)

    async def test_with_an_unreadable_run_bring_the_others_the_same_night(
        self, exporter: Exporter, server: FakeCurrents, world: World
    ) -> None:
        body = b'{"status":"OK","data":[{"nothing":"says what it is"}],"has_more":false}'
        server.fail("listProjectRuns", 200, 4, body=body)
        exporter.now = SINCE + HOUR
        options: dict[str, Any] = {
            "projects": exporter.projects[:1],
            "until": SINCE + NIGHT,
            "resume": True,
        }
        for _ in range(3):
            await exporter(**options)
            exporter.now += HOUR
        run = world.projects[0].run(specs=1, tests=1, created_at=SINCE + 2 * HOUR)
        for _ in range(2):
            await exporter(**options)
            exporter.now += HOUR
        [rows] = exporter.landed["runs"].values()
        assert run.run_id in {row["run_id"] for row in rows}

    async def test_of_one_day_that_is_refused_among_others_of_the_only_project(
        self, exporter: Exporter, server: FakeCurrents, world: World, other: WorldProject
    ) -> None:
        server.fail("listProjectRuns", 404, after=1)
        result = await exporter(projects=[other.project_id], concurrency=1)
        assert (result.windows_done, result.failures) == (3, 1)
        assert (await exporter(resume=True, concurrency=1)).failures == 0
        assert exporter.landed == expected(world)


class TestForbidden:
    @pytest.mark.parametrize("operation", ["getRun", "getInstance"])
    async def test_one_among_others(
        self, exporter: Exporter, server: FakeCurrents, world: World, operation: str
    ) -> None:
        server.fail(operation, 403)
        result = await exporter(concurrency=1)
        assert (result.windows_done, result.failures) == (6, 1)
        [[row]] = exporter.landed["errors"].values()
        assert (row["error"], row["status"], row["reason"]) == ("ForbiddenError", 403, "failed")
        assert (await exporter(resume=True)).failures == 0
        assert exporter.landed == expected(world)

    async def test_one_that_is_requested_again(
        self, exporter: Exporter, server: FakeCurrents, world: World
    ) -> None:
        instance_id = instance_of(world.projects[0].runs[1], 0)
        server.fail("getInstance", 403, 2, path_args={"instance_id": instance_id})
        for resume in (False, True):
            result = await exporter(projects=exporter.projects[:1], concurrency=1, resume=resume)
            assert result.failures == 1

    @pytest.mark.parametrize("operation", ["getRun", "getInstance"])
    async def test_all_of_them_are_raised(
        self, exporter: Exporter, server: FakeCurrents, operation: str
    ) -> None:
        server.fail(operation, 403, None)
        with pytest.raises(ForbiddenError):
            await exporter()

    async def test_all_of_them_are_raised_before_the_end(
        self, exporter: Exporter, server: FakeCurrents, other: WorldProject
    ) -> None:
        other.run(specs=200, tests=1, created_at=SINCE)
        server.fail("getInstance", 403, None)
        with pytest.raises(ForbiddenError):
            await exporter(concurrency=1)
        assert exporter.asked()["getInstance"] == 64
