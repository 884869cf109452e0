"""An export never replaces rows by less without being asked; what is missing is noted."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from currents_async import ExportError
from currents_async.export import ExportFormat
from currents_async.testing import FakeCurrents, World, WorldRun
from tests.export.exporting import (
    LATER,
    NIGHT,
    SINCE,
    UNTIL,
    Exporter,
    both_frameworks,
    count,
    instance_of,
    window_of,
)
from tests.export.landed import FORMATS, READERS, Landed, Rows, expected

pytestmark = pytest.mark.usefixtures("no_task_is_left")

every_format = pytest.mark.parametrize("export_format", FORMATS)
in_parquet_files = pytest.mark.parametrize("export_format", ["parquet"])
SOON = UNTIL + timedelta(hours=12)
"""So early that nothing is past retention."""
YESTERDAY = UNTIL - NIGHT
"""A day that is looked back at."""


@pytest.fixture
def world() -> World:
    return both_frameworks([SINCE, SINCE + NIGHT], specs=4, tests=2, flaky=1)


@pytest.fixture
def run(world: World) -> WorldRun:
    return world.projects[0].runs[1]


def errors_in(landed: Landed) -> Rows:
    return [row for rows in landed["errors"].values() for row in rows]


def without_errors(landed: Landed) -> Landed:
    return {**landed, "errors": {}}


class Nights:
    """Exports once each night."""

    def __init__(self, exporter: Exporter, export_format: ExportFormat) -> None:
        self.exporter = exporter
        self.export_format: ExportFormat = export_format
        exporter.now = SOON

    @property
    def landed(self) -> Landed:
        return READERS[self.export_format](self.exporter.target)

    async def __call__(self, **options: Any) -> dict[str, int]:
        """Export, and return what was asked for."""
        self.exporter.asked()
        await self.exporter(format=self.export_format, **options)
        self.exporter.now += NIGHT
        return self.exporter.asked()


@pytest.fixture
def nights(exporter: Exporter, export_format: ExportFormat) -> Nights:
    return Nights(exporter, export_format)


def empty_the_list(server: FakeCurrents, run: WorldRun) -> None:
    body = b'{"status":"OK","data":[],"has_more":false}'
    server.fail("listProjectRuns", 200, None, body=body)


def delete_the_run(server: FakeCurrents, run: WorldRun) -> None:
    server.world.delete(run.run_id)


def lose_the_instances(server: FakeCurrents, run: WorldRun) -> None:
    server.fail("getInstance", 404, None)


def lose_the_runs(server: FakeCurrents, run: WorldRun) -> None:
    server.fail("getRun", 404, None)


def empty_the_run(server: FakeCurrents, run: WorldRun) -> None:
    server.world.add_run_payload({**run.payload, "specs": []})


def shorten_the_run(server: FakeCurrents, run: WorldRun) -> None:
    server.world.add_run_payload({**run.payload, "specs": run.payload["specs"][:2]})


def empty_an_instance(server: FakeCurrents, run: WorldRun) -> None:
    server.world.add_instance_payload({**run.instance(1), "results": None})


def fail_the_lists(server: FakeCurrents, run: WorldRun) -> None:
    server.fail("listProjectRuns", 400, None)


EMPTYINGS = [
    empty_the_list,
    delete_the_run,
    lose_the_instances,
    lose_the_runs,
    empty_the_run,
    shorten_the_run,
    empty_an_instance,
    fail_the_lists,
]


class TestGoodRows:
    @every_format
    @pytest.mark.parametrize("empty", EMPTYINGS)
    async def test_are_not_replaced_by_less(
        self,
        nights: Nights,
        server: FakeCurrents,
        world: World,
        run: WorldRun,
        empty: Callable[[FakeCurrents, WorldRun], None],
    ) -> None:
        whole = expected(world)
        await nights()
        empty(server, run)
        for resume in (False, True):
            await nights(resume=resume)
            assert without_errors(nights.landed) == without_errors(whole)
        reasons = [row["reason"] for row in errors_in(nights.landed)]
        if empty is fail_the_lists:
            assert reasons == ["failed"] * 6
        else:
            assert set(reasons) == {"gone"}

    @every_format
    async def test_are_replaced_if_requested(
        self, nights: Nights, world: World, run: WorldRun
    ) -> None:
        await nights()
        world.delete(run.run_id)
        await nights()
        assert count(nights.landed)["errors"] == 1
        await nights(replace=True)
        assert nights.landed == expected(world)

    @every_format
    async def test_are_past_retention_after_three_months(
        self, nights: Nights, server: FakeCurrents, run: WorldRun
    ) -> None:
        await nights()
        nights.exporter.now = SINCE + 92 * NIGHT
        empty_the_list(server, run)
        await nights()
        landed = nights.landed
        assert {row["reason"] for row in errors_in(landed)} == {"past retention"}
        assert {row["run_id"] for row in errors_in(landed)} == set(server.world.runs)

    @in_parquet_files
    async def test_of_instances_no_longer_selected_are_not_gone(
        self, nights: Nights, world: World
    ) -> None:
        run = world.projects[0].run(specs=2, tests=2, failures=1, created_at=YESTERDAY)
        await nights(only_failed=True)
        before = nights.landed
        assert before["tests"][window_of(run)]
        specs = [
            {
                **spec,
                "results": {
                    **spec["results"],
                    "stats": {**spec["results"]["stats"], "failures": 0},
                },
            }
            for spec in run.payload["specs"]
        ]
        world.add_run_payload({**run.payload, "specs": specs})
        await nights(only_failed=True)
        assert nights.landed["tests"] == before["tests"]
        assert errors_in(nights.landed) == []

    async def test_that_an_interrupted_replacement_left_out_are_fetched_again(
        self, exporter: Exporter, server: FakeCurrents, world: World, run: WorldRun
    ) -> None:
        exporter.now = run_began = UNTIL - NIGHT
        options: dict[str, Any] = {"since": run_began - NIGHT, "until": run_began}
        await exporter(**options)
        server.fail("getRun", 413, path_args={"run_id": run.run_id})
        # Nothing can be published in place of a directory: that of the last table.
        [errors] = [window_of(run)]
        stone = exporter.target.joinpath(
            "errors", f"project={errors.project_id}", "month=2026-01", f"{errors.day}.0.parquet"
        )
        stone.unlink(missing_ok=True)
        stone.joinpath("in the way").mkdir(parents=True)
        with pytest.raises(ExportError):
            await exporter(replace=True, **options)
        stone.joinpath("in the way").rmdir()
        stone.rmdir()
        await exporter(resume=True, **options)
        assert exporter.landed["tests"][errors] == expected(world)["tests"][errors]


class TestNewRows:
    @every_format
    async def test_replace_old_ones_beside_those_that_are_kept(
        self, nights: Nights, world: World, run: WorldRun
    ) -> None:
        project = world.projects[0]
        running = project.run(specs=5, running=True, completed=2, created_at=SINCE + NIGHT)
        await nights()
        before = nights.landed
        gone = project.runs[1]
        world.delete(gone.run_id)
        running.complete(2)
        project.run(specs=1, created_at=SINCE + NIGHT)
        await nights(resume=True)
        whole, window = expected(world), window_of(running)
        for table, windows in without_errors(whole).items():
            if table == "errors":
                continue
            old = before[table].get(window, [])
            kept = [row for row in old if row["run_id"] == gone.run_id]
            rows = nights.landed[table].get(window, [])
            new = [row for row in rows if row["run_id"] != gone.run_id]
            assert new == windows.get(window, [])
            assert [row for row in rows if row["run_id"] == gone.run_id] == kept

    @every_format
    async def test_of_a_spec_file_executed_again_replace_the_old_ones(
        self, nights: Nights, world: World
    ) -> None:
        run = world.projects[0].run(specs=6, running=True, completed=4, created_at=YESTERDAY)
        await nights()
        assert world.reset(run.run_id, {spec.machine_id for spec in run.specs if spec.machine_id})
        run.complete()
        await nights(resume=True)
        assert nights.landed == expected(world)

    @every_format
    async def test_of_a_run_that_cannot_be_fetched_combine_the_list_with_old_ones(
        self, nights: Nights, server: FakeCurrents, world: World
    ) -> None:
        project = world.projects[1]
        run = project.run(
            specs=3, running=True, completed=1, framework="cypress", created_at=YESTERDAY
        )
        await nights()
        [before] = [
            row for row in nights.landed["runs"][window_of(run)] if row["run_id"] == run.run_id
        ]
        run.complete()
        server.fail("getRun", 413, path_args={"run_id": run.run_id})
        await nights(resume=True)
        [row] = [
            row for row in nights.landed["runs"][window_of(run)] if row["run_id"] == run.run_id
        ]
        assert row["completion_state"] == "COMPLETE"
        assert row["framework"] == before["framework"] == "cypress"
        assert row["framework_version"] == before["framework_version"] is not None
        await nights(resume=True)
        assert nights.landed == expected(world)

    @every_format
    async def test_of_specs_keep_their_keys_beside_old_ones(
        self, nights: Nights, server: FakeCurrents, run: WorldRun
    ) -> None:
        await nights()
        server.world.add_run_payload({**run.payload, "specs": run.payload["specs"][1:3]})
        for _ in range(2):
            await nights()
        rows = nights.landed["specs"][window_of(run)]
        assert [row["position"] for row in rows] == [0, 1, 2, 3]
        assert {row["spec"] for row in rows} == {spec["spec"] for spec in run.payload["specs"]}


class TestMissing:
    """What is missing for good is asked for at growing intervals, and given up."""

    @in_parquet_files
    @pytest.mark.parametrize(
        ("operation", "fault", "asked"),
        [
            ("getInstance", {"status": 404}, {"getInstance": 1}),
            ("getInstance", {"status": 413}, {"getInstance": 1}),
            ("getInstance", {"status": 200, "body": b"{}"}, {"getInstance": 1}),
            ("getRun", {"status": 404}, {"getRun": 1, "listProjectRuns": 1}),
        ],
    )
    async def test_for_good(
        self,
        nights: Nights,
        server: FakeCurrents,
        run: WorldRun,
        operation: str,
        fault: dict[str, Any],
        asked: dict[str, int],
    ) -> None:
        ids = {
            "getRun": {"run_id": run.run_id},
            "getInstance": {"instance_id": instance_of(run, 1)},
        }
        server.fail(operation, times=None, path_args=ids[operation], **fault)
        nights.exporter.now = LATER
        await nights()
        on = {night: requests for night in range(1, 31) if (requests := await nights(resume=True))}
        assert on == dict.fromkeys([1, 2, 4, 8, 14], asked)
        [row] = errors_in(nights.landed)
        assert (row["run_id"], row["reason"]) == (run.run_id, "given up")

    @in_parquet_files
    async def test_until_it_is_there(
        self, nights: Nights, server: FakeCurrents, world: World, run: WorldRun
    ) -> None:
        server.fail("getInstance", 404, 3, path_args={"instance_id": instance_of(run, 1)})
        nights.exporter.now = LATER
        on = [bool(await nights(resume=True)) for _ in range(9)]
        assert on == [True, True, True, False, True, *[False] * 4]
        assert nights.landed == expected(world)

    @in_parquet_files
    async def test_is_reported_every_night_until_it_is_given_up(
        self, nights: Nights, server: FakeCurrents, run: WorldRun
    ) -> None:
        server.fail("getInstance", 404, None, path_args={"instance_id": instance_of(run, 1)})
        nights.exporter.now = LATER
        told: list[tuple[int, int]] = []
        for _ in range(16):
            result = await nights.exporter(resume=True)
            nights.exporter.now += NIGHT
            told.append((result.failures, result.missing))
        assert told == [
            *[(1, 1)] * 3,
            (0, 1),
            (1, 1),
            *[(0, 1)] * 3,
            (1, 1),
            *[(0, 1)] * 5,
            (1, 0),
            (0, 0),
        ]

    @in_parquet_files
    async def test_is_fetched_at_once_without_resume(
        self, nights: Nights, server: FakeCurrents, run: WorldRun
    ) -> None:
        server.fail("getInstance", 404, None, path_args={"instance_id": instance_of(run, 1)})
        for _ in range(3):
            nights.exporter.now += 7 * NIGHT
            assert (await nights())["getInstance"] == 16
        assert await nights(resume=True) == {}

    @in_parquet_files
    async def test_is_not_forgotten_when_a_clock_is_set_back(
        self, nights: Nights, server: FakeCurrents, run: WorldRun
    ) -> None:
        server.fail("getInstance", 404, None, path_args={"instance_id": instance_of(run, 1)})
        for ahead in (400 * NIGHT, 400 * NIGHT, 0 * NIGHT):
            nights.exporter.now = LATER + ahead
            assert (await nights(resume=True))["getInstance"] >= 1


class TestUnchanged:
    @every_format
    async def test_runs_are_not_fetched_again(self, nights: Nights, world: World) -> None:
        nights.exporter.now = SINCE + timedelta(hours=20)
        await nights(since=SINCE, until=SINCE + NIGHT)
        late = world.projects[0].run(specs=2, created_at=SINCE + timedelta(hours=21))
        asked = await nights(since=SINCE, until=SINCE + NIGHT, resume=True)
        assert asked == {"getInstance": 2, "getRun": 1, "listProjectRuns": 2}
        assert late.run_id in {row["run_id"] for row in nights.landed["runs"][window_of(late)]}
        assert await nights(since=SINCE, until=SINCE + NIGHT, resume=True) == {}
