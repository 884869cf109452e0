import asyncio
import threading

import anyio
import pytest

from currents_async._threads import in_thread

pytestmark = pytest.mark.usefixtures("no_task_is_left")


@pytest.mark.parametrize("native", [True, False])
async def test_a_thread_is_waited_for(native: bool) -> None:  # noqa: FBT001 - as parametrized
    go_on, began, ended = threading.Event(), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(began.set)
        go_on.wait()
        ended.set()
        raise ValueError

    async def scoped() -> None:
        with anyio.CancelScope() as scope:
            loop.call_soon_threadsafe(scopes.append, scope)
            await in_thread(work)

    scopes: list[anyio.CancelScope] = []
    task = asyncio.create_task(in_thread(work) if native else scoped())
    await began.wait()
    for _ in range(3):
        task.cancel() if native else scopes[0].cancel()
        await asyncio.sleep(0)
        assert not task.done()
    go_on.set()
    if native:
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        await task
    assert ended.is_set()
