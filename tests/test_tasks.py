import asyncio
import threading
from contextlib import AsyncExitStack

import anyio
import pytest

from currents_async._tasks import TaskOwner, Tasks, wait_for_all
from currents_async._threads import in_thread

pytestmark = pytest.mark.usefixtures("no_task_is_left")


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Lasting:
    """Work that takes its time to end when it is cancelled."""

    def __init__(self) -> None:
        self.is_cancelled = asyncio.Event()
        self.may_end = asyncio.Event()
        self.has_ended = False

    async def work(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.is_cancelled.set()
            await self.may_end.wait()
            self.has_ended = True


class Owner(TaskOwner):
    _reused = "used"

    def __init__(self, lasting: Lasting) -> None:
        super().__init__()
        self._lasting = lasting

    async def _open(self, stack: AsyncExitStack) -> None:
        self._own_tasks(stack, on_end=lambda: None).start(self._lasting.work())


async def leave(owner: Owner) -> None:
    async with owner:
        await turns(2)


class TestLeaving:
    async def test_waits_for_the_tasks(self) -> None:
        lasting = Lasting()
        leaving = asyncio.create_task(leave(Owner(lasting)))
        await lasting.is_cancelled.wait()
        await turns()
        assert not leaving.done()
        lasting.may_end.set()
        await leaving
        assert lasting.has_ended

    async def test_cancelled_meanwhile_waits_all_the_same(self) -> None:
        lasting = Lasting()
        leaving = asyncio.create_task(leave(Owner(lasting)))
        await lasting.is_cancelled.wait()
        for _ in range(3):
            leaving.cancel()
            await turns()
            assert not leaving.done()
        lasting.may_end.set()
        await asyncio.wait([leaving])
        assert leaving.cancelled()
        assert lasting.has_ended

    async def test_in_a_scope_of_anyio_that_is_cancelled_waits_all_the_same(self) -> None:
        lasting = Lasting()
        async with anyio.create_task_group() as group:
            group.start_soon(leave, Owner(lasting))
            await lasting.is_cancelled.wait()
            group.cancel_scope.cancel()
            asyncio.get_running_loop().call_later(0, lasting.may_end.set)
        assert lasting.has_ended

    async def test_before_a_task_has_begun(self) -> None:
        async with Owner(Lasting()):
            pass

    async def test_futures_that_are_done_are_not_waited_for(self) -> None:
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        await wait_for_all([])
        await wait_for_all([done])


class TestATaskThatEndsBadly:
    """An iteration must not end as if it were complete."""

    async def test_ends_the_others_and_is_raised(self) -> None:
        async def fail() -> None:
            pytest.fail("of the work")

        ended = asyncio.Event()
        tasks = Tasks(on_end=ended.set)
        tasks.start(asyncio.Event().wait())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        tasks.start(fail())
        await ended.wait()
        with pytest.raises(pytest.fail.Exception, match="of the work"):
            tasks.check()
        tasks.check()  # told once

    async def test_errors_while_closing_are_ignored(self) -> None:
        lasting = Lasting()
        tasks = Tasks(on_end=lambda: None)
        tasks.start(lasting.work())
        await turns()
        lasting.may_end.set()
        await tasks.aclose()
        tasks.check()


class TestThreads:
    def test_the_end_of_the_loop_waits_for_them(self) -> None:
        """`asyncio.run` cancels every task that is left, and must not end the wait for it."""
        begun, may_end = threading.Event(), threading.Event()
        seen: list[str] = []

        def work() -> None:
            begun.set()
            may_end.wait(20)
            seen.append("worked")

        async def write() -> None:
            try:
                await in_thread(work)
            finally:
                seen.append("cleaned up")

        async def main() -> None:
            writing.append(asyncio.create_task(write()))
            await asyncio.to_thread(begun.wait, 20)
            asyncio.get_running_loop().call_later(0.01, may_end.set)

        writing: list[asyncio.Task[None]] = []
        asyncio.run(main())
        assert seen == ["worked", "cleaned up"]

    async def test_errors_are_their_own(self) -> None:
        error = OSError("no space")

        def work() -> None:
            raise error

        with pytest.raises(OSError, match="no space") as caught:
            await in_thread(work)
        assert caught.value is error
