import asyncio
import gc
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import pytest

from currents_async import (
    ClientClosedError,
    Currents,
    InstanceResult,
    InvalidArgumentError,
    Limits,
    MisuseError,
    NotFoundError,
    RequestTimeoutError,
    ServerError,
    Timeouts,
    UnauthorizedError,
)
from currents_async.analysis import flaky_tests_of
from currents_async.models import RunSpec
from currents_async.testing import (
    FakeCurrents,
    ManualClock,
    RecordedRequest,
    WorldProject,
    WorldRun,
)
from tests.support import RUN, respond_in_waves

pytestmark = pytest.mark.usefixtures("no_task_is_left")


@pytest.fixture
def run(project: WorldProject) -> WorldRun:
    return project.run(specs=400, tests=(1, 3))


def ids_of(run: WorldRun) -> list[str]:
    return [spec.instance_id for spec in run.specs if spec.instance_id is not None]


def other_tasks() -> set["asyncio.Task[object]"]:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    return {task for task in tasks if "currents_async/_" in repr(task)}


@asynccontextmanager
async def fail_after(seconds: float) -> AsyncGenerator[None]:
    with anyio.fail_after(seconds):
        yield


class Gate:
    """Holds responses of instances back until they are released by ID."""

    def __init__(self, server: FakeCurrents) -> None:
        self._open: dict[str, asyncio.Event] = {}
        server.before_response = self._wait

    def open(self, instance_id: str) -> None:
        self._event(instance_id).set()

    def _event(self, instance_id: str) -> asyncio.Event:
        return self._open.setdefault(instance_id, asyncio.Event())

    async def _wait(self, request: RecordedRequest) -> None:
        if request.operation == "getInstance":
            await self._event(request.path_args["instance_id"]).wait()


async def test_every_instance_once_at_full_concurrency(
    server: FakeCurrents, currents: Currents, run: WorldRun
) -> None:
    respond_in_waves(server, "getInstance", 16)
    arrived: list[InstanceResult] = []
    async with currents.runs.instances(run.run_id, concurrency=16) as results:
        async for result in results:
            arrived.append(result)  # noqa: PERF401 - a comprehension would hide what is tested
        assert results.run.run_id == run.run_id
        assert results.run.specs == ()
        assert results.total == 400

    assert sorted(result.instance_id or "" for result in arrived) == sorted(ids_of(run))
    for result in arrived:
        assert result.instance is not None
        assert result.spec is not None
        assert result.error is None
        assert result.instance.instance_id == result.spec.instance_id == result.instance_id
        assert result.instance.spec == result.spec.spec
    assert server.peak_in_flight == 16
    assert len(server.requests) == 401
    assert currents.traffic.requests == 401
    assert currents.traffic.wire_bytes == server.bytes_sent


async def test_order_of_completion(
    server: FakeCurrents, currents: Currents, project: WorldProject
) -> None:
    run = project.run(specs=4)
    gate = Gate(server)
    first, second, third, fourth = ids_of(run)
    async with currents.runs.instances(run.run_id, concurrency=4) as results:
        for instance_id in (third, first, fourth, second):
            gate.open(instance_id)
            assert (await anext(results)).instance_id == instance_id
        with pytest.raises(StopAsyncIteration):
            await anext(results)


async def test_get_instances_is_in_the_order_of_the_specs(
    server: FakeCurrents, currents: Currents, project: WorldProject
) -> None:
    run = project.run(specs=3)
    gate = Gate(server)
    async with asyncio.TaskGroup() as group:
        fetched = group.create_task(currents.runs.get_instances(run.run_id))
        for instance_id in reversed(ids_of(run)):
            gate.open(instance_id)
    assert [instance.instance_id for instance in fetched.result()] == ids_of(run)


class TestLeaving:
    async def test_break_leaves_no_task_and_no_request(
        self, server: FakeCurrents, run: WorldRun
    ) -> None:
        async with Currents(server.api_key, base_url=server.url) as currents:
            taken = 0
            async with currents.runs.instances(run.run_id, concurrency=16) as results:
                async for _ in results:
                    taken += 1
                    if taken == 3:
                        break
            assert other_tasks() == set()
            await server.idle()
            assert len(server.requests) <= 1 + 3 + 2 * 16
            await currents.runs.get(run.run_id)  # the client is as good as new
            assert server.requests[-1].operation == "getRun"
        await asyncio.sleep(0)
        assert [request for request in server.requests if request.finished is None] == []
        assert server.in_flight == 0
        await closed(server)

    @pytest.mark.parametrize("kind", [KeyError, asyncio.CancelledError, KeyboardInterrupt])
    async def test_the_consumers_error_leaves_as_itself(
        self, currents: Currents, run: WorldRun, kind: type[BaseException]
    ) -> None:
        error = kind("mine")
        with pytest.raises(kind) as caught:
            async with currents.runs.instances(run.run_id) as results:
                async for _ in results:
                    raise error
        assert caught.value is error
        assert caught.value.__context__ is None
        assert other_tasks() == set()

    async def test_cancelled_from_outside(
        self, server: FakeCurrents, currents: Currents, run: WorldRun
    ) -> None:
        Gate(server)

        async def consume() -> None:
            async with currents.runs.instances(run.run_id, concurrency=8) as results:
                async for _ in results:
                    pytest.fail("the gate is closed")

        task = asyncio.create_task(consume())
        while server.peak_in_flight < 8:  # noqa: ASYNC110 - bounded by the suite's patience
            await asyncio.sleep(0)
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert other_tasks() == set()
        server.before_response = None
        await server.idle()
        assert len(await currents.runs.get_instances(run.run_id)) == 400

    @pytest.mark.parametrize("deadline", [asyncio.timeout, fail_after])
    async def test_a_timeout_of_the_caller(
        self,
        server: FakeCurrents,
        currents: Currents,
        run: WorldRun,
        deadline: Callable[[float], AbstractAsyncContextManager[object]],
    ) -> None:
        Gate(server)
        with pytest.raises(TimeoutError):
            async with deadline(0.01):
                await currents.runs.get_instances(run.run_id)
        assert other_tasks() == set()

    async def test_inside_a_task_group_of_the_caller(
        self, server: FakeCurrents, currents: Currents, run: WorldRun
    ) -> None:
        """The fan-out's own cancelling must not look like the caller's task being cancelled."""
        async with asyncio.TaskGroup() as group:
            async with currents.runs.instances(run.run_id) as results:
                async for _ in results:
                    break
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0
            later = group.create_task(currents.runs.get(run.run_id))
        assert later.result().run_id == run.run_id


async def closed(server: FakeCurrents) -> None:
    """Let the loop run as often as closing takes at both ends."""
    for _ in range(100):
        if server.open_connections == 0:
            return
        await asyncio.sleep(0)
    assert server.open_connections == 0


class TestErrors:
    async def test_one_404_is_raised_as_itself(
        self, server: FakeCurrents, currents: Currents, run: WorldRun
    ) -> None:
        missing = ids_of(run)[200]
        server.fail("getInstance", status=404, path_args={"instance_id": missing})
        with pytest.raises(NotFoundError) as caught:
            async with currents.runs.instances(run.run_id) as results:
                async for result in results:
                    assert result.instance is not None
        assert caught.value.url.endswith(missing)
        assert other_tasks() == set()

    async def test_one_404_is_collected(
        self, server: FakeCurrents, currents: Currents, run: WorldRun
    ) -> None:
        missing = ids_of(run)[200]
        server.fail("getInstance", status=404, path_args={"instance_id": missing})
        async with currents.runs.instances(run.run_id, on_error="collect") as results:
            arrived = [result async for result in results]
        failed = [result for result in arrived if result.error is not None]
        assert len(arrived) == 400
        assert len(failed) == 1
        assert failed[0].instance is None
        assert failed[0].instance_id == missing
        assert failed[0].spec is not None
        assert isinstance(failed[0].error, NotFoundError)

    async def test_one_of_several_errors_is_raised(
        self, server: FakeCurrents, currents: Currents, run: WorldRun
    ) -> None:
        server.fail("getInstance", status=500, times=400)
        with pytest.raises(ServerError):
            await currents.runs.get_instances(run.run_id)

    async def test_the_run_itself_fails(self, currents: Currents) -> None:
        with pytest.raises(NotFoundError) as caught:
            async with currents.runs.instances("unknown", on_error="collect"):
                pytest.fail("there is no run")
        assert caught.value.operation == "getRun"

    async def test_closing_the_client_is_never_collected(
        self, server: FakeCurrents, run: WorldRun
    ) -> None:
        async with (
            Currents(server.api_key, base_url=server.url) as currents,
            currents.runs.instances(run.run_id, on_error="collect") as results,
        ):
            await anext(results)
            await currents.aclose()
            with pytest.raises(ClientClosedError):
                async for result in results:
                    assert not isinstance(result.error, ClientClosedError)

    @pytest.mark.parametrize("error", [ZeroDivisionError, pytest.fail.Exception])
    async def test_an_error_of_the_predicate_is_the_callers(
        self, currents: Currents, run: WorldRun, error: type[BaseException]
    ) -> None:
        def only(spec: RunSpec) -> bool:
            raise error(spec.spec)

        with pytest.raises(error):
            await currents.runs.get_instances(run.run_id, only=only)
        assert other_tasks() == set()

    async def test_a_key_that_is_refused(self, server: FakeCurrents, run: WorldRun) -> None:
        async with Currents("wrong", base_url=server.url) as currents:
            with pytest.raises(UnauthorizedError):
                await currents.runs.get_instances(run.run_id)
        assert len(server.requests) == 1


class TestSpecs:
    async def test_only_some(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        run = project.run(specs=50, failures=4)
        instances = await currents.runs.get_instances(run.run_id, only=lambda spec: spec.failed)
        assert instances
        assert all(instance.failed for instance in instances)
        assert sum(test.failed for instance in instances for test in instance.tests) == 4
        assert len(server.requests) == 1 + len(instances) < 50

    async def test_flaky_tests(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        run = project.run(specs=50, tests=4, failures=6, flaky=5)
        found = await currents.runs.flaky_tests(run.run_id, concurrency=2)
        fetched = len(server.requests) - 1
        instances = await currents.runs.get_instances(run.run_id)
        assert len(found) == 5
        assert found == flaky_tests_of(instances)
        assert fetched == len([one for one in instances if flaky_tests_of([one])]) < 50

    async def test_unclaimed_specs_are_reported(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        run = project.run(specs=10, unclaimed=3)
        async with currents.runs.instances(run.run_id) as results:
            arrived = [result async for result in results]
        unclaimed = [result for result in arrived if result.instance is None]
        assert len(arrived) == 10
        assert len(unclaimed) == 3
        assert all(result.spec and result.error is None for result in unclaimed)
        assert len(server.requests) == 1 + 7
        assert len(await currents.runs.get_instances(run.run_id)) == 7

    async def test_a_shared_instance_is_fetched_once(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        shared = project.run(specs=1).specs[0].instance_id
        specs = [{"spec": name, "instanceId": shared} for name in ("a.ts", "b.ts", "c.ts")]
        server.world.add_run_payload({**RUN, "specs": specs})
        async with currents.runs.instances("r") as results:
            [result] = [result async for result in results]
        assert result.spec is not None
        assert result.spec.spec == "a.ts"
        assert len(server.requests) == 2

    async def test_a_run_without_specs(self, server: FakeCurrents, currents: Currents) -> None:
        server.world.add_run_payload(RUN)
        assert await currents.runs.get_instances("r") == []


async def test_a_slow_consumer_holds_the_workers_back(
    server: FakeCurrents, currents: Currents, run: WorldRun
) -> None:
    async with currents.runs.instances(run.run_id, concurrency=4) as results:
        await anext(results)
        await server.idle()
        for _ in range(50):
            await asyncio.sleep(0)
        # One was taken; four wait to be taken, and none is fetched ahead of them.
        assert len(server.requests) == 1 + 1 + 4
        assert server.in_flight == 0


async def test_the_connections_bound_the_concurrency(
    server: FakeCurrents, project: WorldProject
) -> None:
    run = project.run(specs=30)
    respond_in_waves(server, "getInstance", 3)
    limits = Limits(concurrency=3)
    async with Currents(server.api_key, base_url=server.url, limits=limits) as currents:
        await currents.runs.get_instances(run.run_id, concurrency=50)
        assert server.peak_in_flight == 3
        assert server.open_connections == 3


async def test_two_fan_outs_share_a_client(
    server: FakeCurrents, currents: Currents, project: WorldProject
) -> None:
    runs = [project.run(specs=30) for _ in range(3)]
    fetched = await asyncio.gather(*(currents.runs.get_instances(run.run_id) for run in runs))
    for run, instances in zip(runs, fetched, strict=True):
        assert [instance.instance_id for instance in instances] == ids_of(run)


class TestTime:
    """`Timeouts.total` bounds each request, not all of them together."""

    @staticmethod
    def open_client(server: FakeCurrents, clock: ManualClock, **limits: Any) -> Currents:
        return Currents(server.api_key, base_url=server.url, clock=clock, limits=Limits(**limits))

    @pytest.mark.parametrize("how", ["get_instances", "get_many"])
    async def test_500_instances_at_4_per_second(
        self, server: FakeCurrents, project: WorldProject, how: str
    ) -> None:
        run = project.run(specs=500, tests=1)
        clock = ManualClock()
        async with self.open_client(server, clock, rate=4) as currents:
            if how == "get_many":  # all of them in line at once would wait too long
                await currents.instances.get_many(ids_of(run), concurrency=500)
            else:
                await currents.runs.get_instances(run.run_id)
        assert len([one for one in server.requests if one.operation == "getInstance"]) == 500
        assert clock.now() > 500 / 4 > Timeouts().total

    async def test_a_slow_reader(self, server: FakeCurrents, project: WorldProject) -> None:
        run = project.run(specs=1_200, tests=1)  # more than are known before their turn
        clock = ManualClock()
        arrived: list[str | None] = []
        async with (
            self.open_client(server, clock) as currents,
            currents.runs.instances(run.run_id) as results,
        ):
            async for result in results:
                arrived.append(result.instance_id)
                if len(arrived) % 400 == 1:
                    clock.advance(130)
        assert len(set(arrived)) == 1_200
        assert clock.now() >= 3 * 130

    async def test_a_timeout_bounds_the_whole_from_entering(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        run = project.run(specs=40, tests=1)
        clock = ManualClock()
        async with self.open_client(server, clock, rate=4) as currents:
            results = currents.runs.instances(run.run_id, timeout=5, on_error="collect")
            clock.advance(1_000)
            async with results:
                arrived = [result async for result in results]
        assert 15 < len([one for one in arrived if one.instance is not None]) < 21
        errors = [one.error for one in arrived if one.error is not None]
        assert {type(error) for error in errors} == {RequestTimeoutError}
        assert {"the given timeout" in str(error) for error in errors} == {True}
        assert clock.now() == pytest.approx(1_005, abs=0.5)

    @pytest.mark.parametrize(
        "call",
        [
            lambda c, run_id, ids: c.runs.get_instances(run_id, timeout=5),
            lambda c, run_id, ids: c.runs.failures(run_id, timeout=5),
            lambda c, run_id, ids: c.runs.flaky_tests(run_id, timeout=5),
            lambda c, run_id, ids: c.runs.diff(run_id, run_id, timeout=9),
            lambda c, run_id, ids: c.instances.get_many(ids, timeout=5),
        ],
        ids=["get_instances", "failures", "flaky_tests", "diff", "get_many"],
    )
    async def test_a_timeout_of_methods_that_return_everything(
        self, server: FakeCurrents, project: WorldProject, call: Callable[..., Any]
    ) -> None:
        run = project.run(specs=30, tests=2, failures=30, flaky=30)
        clock = ManualClock()
        async with self.open_client(server, clock, rate=4) as currents:
            with pytest.raises(RequestTimeoutError, match="the given timeout"):
                await call(currents, run.run_id, ids_of(run))
        assert clock.now() < 9.5

    @pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, True, "5"])
    async def test_invalid_timeouts(
        self, server: FakeCurrents, currents: Currents, bad: Any
    ) -> None:
        with pytest.raises(InvalidArgumentError, match=r"^timeout must be a positive number"):
            currents.runs.instances("r", timeout=bad)
        for call in (
            currents.runs.get_instances("r", timeout=bad),
            currents.runs.diff("r", "s", timeout=bad),
            currents.instances.get_many(["i"], timeout=bad),
        ):
            with pytest.raises(InvalidArgumentError, match=r"^timeout must be a positive number"):
                await call
        assert server.requests == []


async def test_a_worker_cancelled_by_others(currents: Currents, run: WorldRun) -> None:
    """An iteration must not end as if it were complete."""
    before = asyncio.all_tasks()
    with pytest.raises(MisuseError, match="cancelled from outside"):
        async with currents.runs.instances(run.run_id, on_error="collect") as results:
            await anext(results)
            for task in asyncio.all_tasks() - before:
                if "_run_worker" in repr(task):
                    task.cancel()
                    break
            async for _ in results:
                pass
    assert other_tasks() == set()


class TestMisuse:
    async def test_iterating_after_leaving(self, currents: Currents, run: WorldRun) -> None:
        async with currents.runs.instances(run.run_id) as results:
            await anext(results)
        with pytest.raises(MisuseError, match="inside 'async with'"):
            await anext(results)
        with pytest.raises(MisuseError, match="inside 'async with'"):
            await results.in_order()

    async def test_iterating_without_entering(self, currents: Currents) -> None:
        results = currents.runs.instances("r")
        with pytest.raises(MisuseError, match="inside 'async with'"):
            async for _ in results:
                pytest.fail("nothing was fetched")
        with pytest.raises(MisuseError, match="no run before"):
            _ = results.run

    async def test_entering_twice(self, currents: Currents, run: WorldRun) -> None:
        results = currents.runs.instances(run.run_id)
        async with results:
            pass
        with pytest.raises(MisuseError, match="have been used"):
            async with results:
                pytest.fail("it was entered twice")

    @pytest.mark.usefixtures("only_new_garbage")
    async def test_not_entering_leaves_nothing(self, currents: Currents) -> None:
        currents.runs.instances("r")
        gc.collect()  # warnings are errors: an un-awaited coroutine would show here
