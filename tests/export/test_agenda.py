from collections.abc import Callable
from functools import partial

import anyio
import pytest
from anyio.abc import TaskGroup
from hypothesis import given
from hypothesis import strategies as st

from currents_async.export._fetch.work_queue import Agenda

pytestmark = pytest.mark.usefixtures("no_task_is_left")

Noted = list[str]


def never() -> bool:
    return False


def agenda_of(begin: Callable[[], bool] = never, *, most: int = 100) -> Agenda[Noted]:
    return Agenda(begin=begin, most=most)


async def note(name: str, noted: Noted) -> None:
    noted.append(name)


class Held:
    """A job that has begun when it says so, and ends when it may."""

    def __init__(self, name: str = "held") -> None:
        self.name = name
        self.begun = anyio.Event()
        self.may_end = anyio.Event()

    async def __call__(self, noted: Noted) -> None:
        self.begun.set()
        await self.may_end.wait()
        noted.append(self.name)


def start(group: TaskGroup, agenda: Agenda[Noted], noted: Noted, workers: int) -> None:
    for _ in range(workers):
        group.start_soon(agenda.work, noted)


async def work_all(agenda: Agenda[Noted], workers: int = 1) -> Noted:
    noted: Noted = []
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            start(group, agenda, noted, workers)
    return noted


async def test_nothing_to_do() -> None:
    assert await work_all(agenda_of(), workers=3) == []


async def test_by_rank_and_then_as_they_came() -> None:
    agenda = agenda_of()
    for rank, name in [((1, 1), "d"), ((0, 1), "b"), ((0, 1), "c"), ((0, 0), "a"), ((2, 0), "e")]:
        agenda.add(rank, partial(note, name))
    assert await work_all(agenda) == list("abcde")


async def test_all_workers_are_at_work() -> None:
    agenda = agenda_of()
    jobs = [Held() for _ in range(5)]
    for job in jobs:
        agenda.add((0,), job)
    noted: Noted = []
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            start(group, agenda, noted, 5)
            for job in jobs:
                await job.begun.wait()
            for job in jobs:
                job.may_end.set()
    assert len(noted) == 5


async def test_who_has_nothing_to_do_waits_for_what_others_may_find() -> None:
    agenda = agenda_of()
    first, found = Held("first"), [Held("one"), Held("two")]

    async def find(noted: Noted) -> None:
        await first(noted)
        for job in found:
            agenda.add((0,), job)

    agenda.add((0,), find)
    noted: Noted = []
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            start(group, agenda, noted, 2)
            await first.begun.wait()
            first.may_end.set()
            for job in found:
                await job.begun.wait()  # both at once: nobody has left
            for job in found:
                job.may_end.set()
    assert noted[0] == "first"
    assert sorted(noted[1:]) == ["one", "two"]


class TestBeginning:
    async def test_only_when_nothing_is_left_to_take(self) -> None:
        begun: list[int] = []

        def begin() -> bool:
            if len(begun) == 3:
                return False
            number = len(begun)
            begun.append(number)
            for part in "ab":
                agenda.add((number,), partial(note, f"{number}{part}"))
            return True

        agenda = agenda_of(begin)
        assert await work_all(agenda) == ["0a", "0b", "1a", "1b", "2a", "2b"]

    async def test_by_whoever_would_have_to_wait(self) -> None:
        jobs = [Held(name) for name in "abcd"]
        left = iter(jobs)

        def begin() -> bool:
            job = next(left, None)
            if job is not None:
                agenda.add((0,), job)
            return job is not None

        agenda = agenda_of(begin)
        noted: Noted = []
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                start(group, agenda, noted, 3)
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
    async def test_no_more_than_most_at_once(self) -> None:
        agenda = agenda_of(most=10)
        jobs = [Held(name) for name in "abc"]
        for job, load in zip(jobs, (6, 4, 1), strict=True):
            agenda.add((0,), job, load=load)
        noted: Noted = []
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                start(group, agenda, noted, 3)
                await jobs[0].begun.wait()
                await jobs[1].begun.wait()
                await anyio.wait_all_tasks_blocked()
                assert not jobs[2].begun.is_set()
                jobs[1].may_end.set()
                await jobs[2].begun.wait()
                for job in jobs:
                    job.may_end.set()
        assert noted[0] == "b"

    async def test_one_alone_may_be_larger_and_nobody_overtakes_it(self) -> None:
        agenda = agenda_of(most=10)
        small, large, behind, later = (Held(name) for name in "slbz")
        agenda.add((0,), small, load=1)
        agenda.add((1,), large, load=1000)
        agenda.add((2,), behind)
        noted: Noted = []
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                start(group, agenda, noted, 3)
                await small.begun.wait()
                await anyio.wait_all_tasks_blocked()
                assert not large.begun.is_set()
                assert not behind.begun.is_set()
                agenda.add((0,), later)  # what is more urgent need not wait
                await later.begun.wait()
                small.may_end.set()
                await large.begun.wait()
                await behind.begun.wait()
                for job in (large, behind, later):
                    job.may_end.set()
        assert noted[0] == "s"

    async def test_waiting_for_room_begins_nothing(self) -> None:
        begun: list[bool] = []

        def begin() -> bool:
            begun.append(not agenda._jobs)
            return False

        agenda = agenda_of(begin, most=1)
        for name in "ab":
            agenda.add((0,), partial(note, name), load=1)
        assert await work_all(agenda, workers=4) == ["a", "b"]
        assert all(begun)


class TestEnding:
    async def test_a_job_that_raises_ends_its_worker_alone(self) -> None:
        agenda = agenda_of(most=1)

        async def fail(noted: Noted) -> None:
            raise ZeroDivisionError

        agenda.add((0,), fail, load=1)
        agenda.add((1,), partial(note, "a"), load=1)
        noted: Noted = []
        with pytest.raises(ZeroDivisionError):
            await agenda.work(noted)
        assert await work_all(agenda) == ["a"]

    async def test_the_last_job_raises_and_nobody_waits_for_ever(self) -> None:
        agenda = agenda_of()
        held = Held()
        errors: list[Exception] = []

        async def fail(noted: Noted) -> None:
            await held(noted)
            raise ZeroDivisionError

        async def work(noted: Noted) -> None:
            try:
                await agenda.work(noted)
            except ZeroDivisionError as error:
                errors.append(error)

        agenda.add((0,), fail)
        noted: Noted = []
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(work, noted)
                await held.begun.wait()
                await anyio.wait_all_tasks_blocked()
                held.may_end.set()
        assert len(errors) == 1

    async def test_a_job_that_is_cancelled_makes_room(self) -> None:
        agenda = agenda_of(most=1)
        held = Held()
        agenda.add((0,), held, load=1)
        agenda.add((1,), partial(note, "next"), load=1)
        noted: Noted = []
        scope = anyio.CancelScope()

        async def work() -> None:
            with scope:
                await agenda.work(noted)

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(work)
                await held.begun.wait()
                start(group, agenda, noted, 1)
                await anyio.wait_all_tasks_blocked()
                assert noted == []
                scope.cancel()
        assert noted == ["next"]


@given(
    st.recursive(st.just(()), lambda children: st.lists(children, max_size=4).map(tuple)),
    st.integers(1, 5),
    st.integers(1, 3),
)
def test_each_job_once_whatever_leads_to_it(
    tree: tuple[object, ...], workers: int, most: int
) -> None:
    """A job for each node, found by that of its parent; its load is how many it leads to."""

    async def main() -> None:
        agenda = agenda_of(most=most)

        def plan(node: tuple[object, ...], name: str) -> None:
            agenda.add((len(name) % 3,), partial(visit, node, name), load=len(node))

        async def visit(node: tuple[object, ...], name: str, noted: Noted) -> None:
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
        assert sorted(await work_all(agenda, workers)) == sorted(names(tree, "0"))

    anyio.run(main)
