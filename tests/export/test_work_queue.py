from collections.abc import Callable
from functools import partial

import anyio
import pytest
from anyio.abc import TaskGroup
from hypothesis import given
from hypothesis import strategies as st

from currents_async._tasks import Work
from currents_async.export._fetch.work_queue import WorkQueue

pytestmark = pytest.mark.usefixtures("no_task_is_left")

Noted = list[str]


@pytest.fixture
def noted() -> Noted:
    return []


def never(_: WorkQueue) -> bool:
    return False


def queue_of(refill: Callable[[WorkQueue], bool] = never, *, max_load: int = 100) -> WorkQueue:
    return WorkQueue(refill=refill, max_load=max_load)


def note(noted: Noted, name: str) -> Work:
    async def work() -> None:
        noted.append(name)

    return work


class Held:
    """Work that says when it has begun, and ends when it may."""

    def __init__(self, noted: Noted, name: str = "held") -> None:
        self.noted = noted
        self.name = name
        self.begun = anyio.Event()
        self.may_end = anyio.Event()

    async def __call__(self) -> None:
        self.begun.set()
        await self.may_end.wait()
        self.noted.append(self.name)


def start(group: TaskGroup, queue: WorkQueue, workers: int) -> None:
    for _ in range(workers):
        group.start_soon(queue.run_worker)


async def work_all(queue: WorkQueue, workers: int = 1) -> None:
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            start(group, queue, workers)


async def test_nothing_to_do(noted: Noted) -> None:
    await work_all(queue_of(), workers=3)
    assert noted == []


async def test_by_priority_then_in_the_order_of_adding(noted: Noted) -> None:
    queue = queue_of()
    for priority, name in [
        ((1, 1), "d"),
        ((0, 1), "b"),
        ((0, 1), "c"),
        ((0, 0), "a"),
        ((2, 0), "e"),
    ]:
        queue.add(priority, note(noted, name))
    await work_all(queue)
    assert noted == list("abcde")


async def test_all_workers_are_at_work(noted: Noted) -> None:
    queue = queue_of()
    jobs = [Held(noted) for _ in range(5)]
    for job in jobs:
        queue.add((0,), job)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            start(group, queue, 5)
            for job in jobs:
                await job.begun.wait()
            for job in jobs:
                job.may_end.set()
    assert len(noted) == 5


async def test_idle_workers_wait_for_work_that_others_may_add(noted: Noted) -> None:
    queue = queue_of()
    first, found = Held(noted, "first"), [Held(noted, "one"), Held(noted, "two")]

    async def find() -> None:
        await first()
        for job in found:
            queue.add((0,), job)

    queue.add((0,), find)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            start(group, queue, 2)
            await first.begun.wait()
            first.may_end.set()
            for job in found:
                await job.begun.wait()  # both at once: no worker has left
            for job in found:
                job.may_end.set()
    assert noted[0] == "first"
    assert sorted(noted[1:]) == ["one", "two"]


class TestRefilling:
    async def test_only_when_the_queue_is_empty(self, noted: Noted) -> None:
        begun: list[int] = []

        def refill(queue: WorkQueue) -> bool:
            if len(begun) == 3:
                return False
            number = len(begun)
            begun.append(number)
            for part in "ab":
                queue.add((number,), note(noted, f"{number}{part}"))
            return True

        queue = queue_of(refill)
        await work_all(queue)
        assert noted == ["0a", "0b", "1a", "1b", "2a", "2b"]

    async def test_by_the_worker_that_would_have_to_wait(self, noted: Noted) -> None:
        jobs = [Held(noted, name) for name in "abcd"]
        left = iter(jobs)

        def refill(queue: WorkQueue) -> bool:
            job = next(left, None)
            if job is not None:
                queue.add((0,), job)
            return job is not None

        queue = queue_of(refill)
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                start(group, queue, 3)
                for job in jobs[:3]:
                    await job.begun.wait()
                assert not jobs[3].begun.is_set()
                jobs[1].may_end.set()
                await jobs[3].begun.wait()
                for job in jobs:
                    job.may_end.set()
        assert noted[0] == "b"
        assert sorted(noted) == list("abcd")


class TestLoad:
    async def test_at_most_max_load_at_once(self, noted: Noted) -> None:
        queue = queue_of(max_load=10)
        jobs = [Held(noted, name) for name in "abc"]
        for job, load in zip(jobs, (6, 4, 1), strict=True):
            queue.add((0,), job, load=load)
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                start(group, queue, 3)
                await jobs[0].begun.wait()
                await jobs[1].begun.wait()
                await anyio.wait_all_tasks_blocked()
                assert not jobs[2].begun.is_set()
                jobs[1].may_end.set()
                await jobs[2].begun.wait()
                for job in jobs:
                    job.may_end.set()
        assert noted[0] == "b"

    async def test_a_larger_one_runs_alone_and_is_not_overtaken(self, noted: Noted) -> None:
        queue = queue_of(max_load=10)
        small, large, behind, later = (Held(noted, name) for name in "slbz")
        queue.add((0,), small, load=1)
        queue.add((1,), large, load=1000)
        queue.add((2,), behind)
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                start(group, queue, 3)
                await small.begun.wait()
                await anyio.wait_all_tasks_blocked()
                assert not large.begun.is_set()
                assert not behind.begun.is_set()
                queue.add((0,), later)  # what is more urgent need not wait
                await later.begun.wait()
                small.may_end.set()
                await large.begun.wait()
                await behind.begun.wait()
                for job in (large, behind, later):
                    job.may_end.set()
        assert noted[0] == "s"

    async def test_waiting_for_room_does_not_refill(self, noted: Noted) -> None:
        begun: list[bool] = []

        def refill(queue: WorkQueue) -> bool:
            begun.append(not queue._waiting)
            return False

        queue = queue_of(refill, max_load=1)
        for name in "ab":
            queue.add((0,), note(noted, name), load=1)
        await work_all(queue, workers=4)
        assert noted == ["a", "b"]
        assert all(begun)


class TestEnding:
    async def test_a_job_that_raises_ends_its_worker_alone(self, noted: Noted) -> None:
        queue = queue_of(max_load=1)

        async def fail() -> None:
            raise ZeroDivisionError

        queue.add((0,), fail, load=1)
        queue.add((1,), note(noted, "a"), load=1)
        with pytest.raises(ZeroDivisionError):
            await queue.run_worker()
        await work_all(queue)
        assert noted == ["a"]

    async def test_no_worker_waits_forever_when_the_last_job_raises(self, noted: Noted) -> None:
        queue = queue_of()
        held = Held(noted)
        errors: list[Exception] = []

        async def fail() -> None:
            await held()
            raise ZeroDivisionError

        async def work() -> None:
            try:
                await queue.run_worker()
            except ZeroDivisionError as error:
                errors.append(error)

        queue.add((0,), fail)
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(work)
                await held.begun.wait()
                await anyio.wait_all_tasks_blocked()
                held.may_end.set()
        assert len(errors) == 1

    async def test_a_job_that_is_cancelled_makes_room(self, noted: Noted) -> None:
        queue = queue_of(max_load=1)
        held = Held(noted)
        queue.add((0,), held, load=1)
        queue.add((1,), note(noted, "next"), load=1)
        scope = anyio.CancelScope()

        async def work() -> None:
            with scope:
                await queue.run_worker()

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(work)
                await held.begun.wait()
                start(group, queue, 1)
                await anyio.wait_all_tasks_blocked()
                assert noted == []
                scope.cancel()
        assert noted == ["next"]


@given(
    st.recursive(st.just(()), lambda children: st.lists(children, max_size=4).map(tuple)),
    st.integers(1, 5),
    st.integers(1, 3),
)
def test_each_job_is_done_once(tree: tuple[object, ...], workers: int, max_load: int) -> None:
    """A job for each node, added by that of its parent; its load is how many jobs it adds."""

    async def main() -> None:
        noted: Noted = []
        queue = queue_of(max_load=max_load)

        def plan(node: tuple[object, ...], name: str) -> None:
            queue.add((len(name) % 3,), partial(visit, node, name), load=len(node))

        async def visit(node: tuple[object, ...], name: str) -> None:
            await anyio.lowlevel.checkpoint()
            noted.append(name)
            for number, child in enumerate(node):
                assert isinstance(child, tuple)
                plan(child, f"{name}.{number}")

        def names(node: tuple[object, ...], name: str) -> list[str]:
            below = [
                names(child, f"{name}.{number}")
                for number, child in enumerate(node)
                if isinstance(child, tuple)
            ]
            return [name, *(one for some in below for one in some)]

        plan(tree, "0")
        await work_all(queue, workers)
        assert sorted(noted) == sorted(names(tree, "0"))

    anyio.run(main)
