"""Generators that iterate inside `async with`, and are closed by somebody else, or by nobody.

The shapes are those of public bug reports about scopes that were left open over a `yield`: the task
that entered was cancelled, "Attempted to exit cancel scope in a different task".
"""

# ruff: noqa: ASYNC119 - a `yield` in a context is what is tested

import asyncio
import gc
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from currents_async import Currents, Limits
from currents_async.testing import FakeCurrents, World, WorldProject, WorldRun

Reading = Callable[[Currents, WorldRun, Path], AsyncGenerator[Any]]
Read = Callable[[], AsyncGenerator[Any]]
Check = Callable[[], Awaitable[None]]


async def stream(currents: Currents, run: WorldRun, _: Path) -> AsyncGenerator[Any]:
    async with currents.runs.stream(run.run_id) as specs:
        async for spec in specs:
            yield spec


async def batches(currents: Currents, run: WorldRun, _: Path) -> AsyncGenerator[Any]:
    async with currents.runs.stream(run.run_id) as specs:
        async for batch in specs.batches():
            yield batch


async def instances(currents: Currents, run: WorldRun, _: Path) -> AsyncGenerator[Any]:
    async with currents.runs.instances(run.run_id) as results:
        async for result in results:
            yield result


async def pages_ahead(currents: Currents, run: WorldRun, _: Path) -> AsyncGenerator[Any]:
    async with currents.runs.list(run.project_id, page_size=1, prefetch=True) as runs:
        async for listed in runs:
            yield listed


async def watch(currents: Currents, run: WorldRun, _: Path) -> AsyncGenerator[Any]:
    async with currents.runs.watch(run.run_id) as specs:
        async for spec in specs:
            yield spec


async def assets(currents: Currents, run: WorldRun, to: Path) -> AsyncGenerator[Any]:
    async with currents.assets.of_run(run.run_id, to=to, on_error="collect") as results:
        async for result in results:
            yield result


READINGS: dict[str, Reading] = {
    "stream": stream,
    "batches": batches,
    "instances": instances,
    "list(prefetch=True)": pages_ahead,
    "watch": watch,
    "assets": assets,
}


@pytest.fixture(params=READINGS.values(), ids=list(READINGS))
def reading(request: pytest.FixtureRequest) -> Reading:
    reading: Reading = request.param
    return reading


@pytest.fixture
def read(reading: Reading, currents: Currents, run: WorldRun, tmp_path: Path) -> Read:
    return partial(reading, currents, run, tmp_path)


@pytest.fixture
async def server(world: World, no_task_is_left: None) -> AsyncIterator[FakeCurrents]:
    async with FakeCurrents(world, assets=True) as server:
        yield server


@pytest.fixture
async def currents(server: FakeCurrents) -> AsyncIterator[Currents]:
    """A client whose every slot is needed again: what is not given back is missed."""
    limits = Limits(concurrency=3)
    async with Currents(server.api_key, base_url=server.url, limits=limits) as currents:
        yield currents


@pytest.fixture
def run(project: WorldProject) -> WorldRun:
    for _ in range(4):
        project.run(specs=1)
    return project.run(specs=600, tests=1, failures=0.1)


def ours() -> set["asyncio.Task[Any]"]:
    """Tasks of this library, and those that close a generator for somebody."""
    kinds = "currents_async/_", "async_generator_athrow"
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    return {task for task in tasks if any(kind in repr(task) for kind in kinds)}


@pytest.fixture
def nothing_is_left(server: FakeCurrents, currents: Currents) -> Check:
    """Check that all is as it was: the task that read, other tasks, and the client's slots."""

    async def check() -> None:
        async with asyncio.timeout(20):
            while ours():  # noqa: ASYNC110 - bounded above
                await asyncio.sleep(0)
            await server.idle()
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        async with asyncio.timeout(20):
            small, *_ = server.world.runs
            await asyncio.gather(*(currents.runs.get(small) for _ in range(4)))

    return check


@pytest.fixture(autouse=True)
async def no_complaints(no_task_is_left: None) -> AsyncIterator[None]:
    """Fail when the loop has to report what nobody could be told."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    yield
    assert told == []


class TestAGeneratorThatIsLeft:
    async def test_by_break_alone(self, read: Read, nothing_is_left: Check) -> None:
        """The loop closes it, in a task of its own."""
        async for _ in read():
            break
        await nothing_is_left()

    async def test_by_break_inside_of_scopes_of_the_caller(
        self, currents: Currents, run: WorldRun, read: Read, nothing_is_left: Check
    ) -> None:
        async with asyncio.TaskGroup() as plain, anyio.create_task_group() as group:
            async for _ in read():
                break
            await nothing_is_left()
            later = plain.create_task(currents.runs.get(run.run_id))
            await later
            assert not group.cancel_scope.cancel_called

    async def test_closed_by_another_task(self, read: Read, nothing_is_left: Check) -> None:
        generator = read()
        await anext(generator)
        await asyncio.create_task(generator.aclose())
        await nothing_is_left()

    async def test_every_step_in_a_task_of_its_own(
        self, read: Read, nothing_is_left: Check
    ) -> None:
        """As those do who wait for an item and for something else at once."""
        async with aclosing(read()) as generator:
            for _ in range(3):
                await asyncio.wait([asyncio.ensure_future(anext(generator))])
        await nothing_is_left()

    async def test_two_closed_in_the_order_in_which_they_were_opened(
        self, read: Read, nothing_is_left: Check
    ) -> None:
        first, second = (read() for _ in range(2))
        await anext(first)
        await anext(second)
        await first.aclose()
        await second.aclose()
        await nothing_is_left()

    async def test_while_its_step_is_cancelled(self, read: Read, nothing_is_left: Check) -> None:
        """anyio cancels again and again, also what is closing meanwhile."""
        generator = read()

        async def read_all() -> None:
            async for _ in generator:
                await asyncio.sleep(0)

        async with anyio.create_task_group() as group:
            group.start_soon(read_all)
            for _ in range(200):
                await asyncio.sleep(0)
            group.cancel_scope.cancel()
        await generator.aclose()
        await nothing_is_left()


class TestAContextManager:
    @pytest.fixture(params=["stream", "instances", "list", "assets"])
    def make(
        self, request: pytest.FixtureRequest, currents: Currents, run: WorldRun, tmp_path: Path
    ) -> Callable[[], Any]:
        return {
            "stream": lambda: currents.runs.stream(run.run_id),
            "instances": lambda: currents.runs.instances(run.run_id),
            "list": lambda: currents.runs.list(run.project_id, page_size=1, prefetch=True),
            "assets": lambda: currents.assets.of_run(run.run_id, to=tmp_path),
        }[request.param]

    async def test_entered_by_one_task_and_left_by_another(
        self, make: Callable[[], Any], nothing_is_left: Check
    ) -> None:
        stack = AsyncExitStack()
        entering = asyncio.create_task(stack.enter_async_context(make()))
        await anext(aiter(await entering))
        await asyncio.create_task(stack.aclose())
        await nothing_is_left()

    async def test_that_is_not_closed_warns_and_its_tasks_end(
        self, make: Callable[[], Any], nothing_is_left: Check
    ) -> None:
        opened = make()
        await opened.__aenter__()
        await anext(aiter(opened))
        with pytest.warns(ResourceWarning, match=f"unclosed {type(opened).__name__}: leave its"):
            del opened
        await nothing_is_left()

    @pytest.mark.usefixtures("only_new_garbage")
    async def test_that_was_left_does_not_warn(self, make: Callable[[], Any]) -> None:
        async with make():
            pass
        gc.collect()  # warnings are errors


def test_the_loop_ends_with_a_generator_that_is_not_closed(
    world: World, run: WorldRun, tmp_path: Path, reading: Reading
) -> None:
    told: list[dict[str, Any]] = []
    kept: list[AsyncGenerator[Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        async with FakeCurrents(world, assets=True) as server:
            async with Currents(server.api_key, base_url=server.url) as currents:
                kept.append(reading(currents, run, tmp_path))
                await anext(kept[0])
            await server.idle()

    asyncio.run(main())
    assert told == []
