import math
from typing import Any

import pytest

from currents_async import (
    Currents,
    InvalidArgumentError,
    MisuseError,
    StillRunningError,
)
from currents_async.testing import FakeCurrents, WorldProject
from currents_async.testing.clock import ManualClock
from tests.watch.watching import before_each_response, completing


class TestWait:
    async def test_returns_the_run_with_its_specs(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=40, completed=0)
        before_each_response(server, completing(run, 10, 10, 10, 10))
        waited_for = await currents.runs.wait(run.run_id)
        assert waited_for == await currents.runs.get(run.run_id)
        assert len(waited_for.specs) == 40
        assert waited_for.is_complete
        assert len(server.requests) == 4 + 1
        assert clock.waited == [2, 3, 4.5]

    async def test_a_run_that_has_ended_takes_one_request(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=5, unclaimed=1)
        run.cancel()
        assert len((await currents.runs.wait(run.run_id)).specs) == 5
        assert len(server.requests) == 1
        assert clock.waited == []

    async def test_in_spite_of_faults(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=5)
        server.fail("getRun", 503, headers={"Retry-After": "40"})
        server.fail("getRun", fault="reset")
        server.fail("getRun", fault="corrupt")
        assert (await currents.runs.wait(run.run_id, interval=1)).is_complete
        assert len(server.requests) == 4
        assert clock.waited == [40, 1.5, 2.25]

    async def test_times_out(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(running=True)
        with pytest.raises(StillRunningError) as caught:
            await currents.runs.wait(run.run_id, timeout=60, interval=15)
        assert caught.value.run_id == run.run_id
        assert clock.waited == [15, 22.5, 22.5]
        assert len(server.requests) == 3


class TestMisuse:
    @pytest.mark.parametrize(
        "options",
        [
            {name: value}
            for name in ("timeout", "interval")
            for value in (0, -1, math.nan, math.inf, True, "5")
        ]
        + [{"interval": None}, {"run_id": ""}, {"run_id": "a/b"}, {"run_id": 5}],
        ids=str,
    )
    @pytest.mark.parametrize("how", ["watch", "wait"])
    async def test_arguments(
        self, server: FakeCurrents, currents: Currents, options: dict[str, Any], how: str
    ) -> None:
        [name] = options
        arguments: dict[str, Any] = {"run_id": "r", **options}
        with pytest.raises(InvalidArgumentError, match=f"^{name} must "):
            if how == "watch":
                currents.runs.watch(**arguments)
            else:
                await currents.runs.wait(**arguments)
        assert server.requests == []

    async def test_iterating_without_entering(self, currents: Currents) -> None:
        with pytest.raises(MisuseError, match="inside 'async with'"):
            await anext(currents.runs.watch("r"))

    async def test_entering_twice(self, currents: Currents) -> None:
        watch = currents.runs.watch("r")
        async with watch:
            pass
        with pytest.raises(MisuseError, match="has been used"):
            async with watch:
                pytest.fail("it was entered twice")

    async def test_the_run_is_not_there_yet(
        self, currents: Currents, project: WorldProject
    ) -> None:
        async with currents.runs.watch(project.run(specs=3).run_id) as events:
            for _ in range(2):
                with pytest.raises(MisuseError, match="before the iteration has ended"):
                    _ = events.run
                await anext(events)
