import asyncio
import math

import pytest

from currents_async._queue import Queue

pytestmark = pytest.mark.usefixtures("no_task_is_left")


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def cancelled(task: "asyncio.Task[object]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def items_of(queue: Queue[int]) -> list[int]:
    """Return what is left in a queue, which is closed then."""
    await settle()
    queue.close()
    items: list[int] = []
    while (item := await queue.take()) is not None:
        items.append(item)
    return items


class TestPut:
    @pytest.mark.parametrize("size", [0, 1, 2])
    async def test_waits_while_there_is_no_room(self, size: int) -> None:
        queue = Queue[int](size)
        tasks = [asyncio.create_task(queue.put(number)) for number in range(4)]
        await settle()
        assert [task.done() for task in tasks] == [number < size for number in range(4)]
        assert await queue.take() == 0
        await settle()
        assert [task.done() for task in tasks] == [number <= size for number in range(4)]
        assert await items_of(queue) == [1, 2, 3]
        await settle()
        assert all(task.done() for task in tasks)

    async def test_does_not_wait_if_another_task_waits_for_the_item(self) -> None:
        queue = Queue[int](0)
        taking = asyncio.create_task(queue.take())
        await settle()
        putting = queue.put(1)
        with pytest.raises(StopIteration):
            putting.send(None)
        assert await taking == 1

    @pytest.mark.parametrize("size", [0, 1])
    @pytest.mark.parametrize("which", [0, 1, 2])
    async def test_takes_its_item_along_when_it_is_cancelled(self, size: int, which: int) -> None:
        queue = Queue[int](size)
        tasks = [asyncio.create_task(queue.put(number)) for number in range(size + 3)]
        await settle()
        await cancelled(tasks[size + which])
        left = [number for number in range(size + 3) if number != size + which]
        assert await items_of(queue) == left

    async def test_whose_item_is_taken_while_it_is_cancelled_has_put_it(self) -> None:
        queue = Queue[int](0)
        tasks = [asyncio.create_task(queue.put(number)) for number in range(2)]
        await settle()
        tasks[0].cancel()
        assert await queue.take() == 0
        assert await items_of(queue) == [1]
        assert tasks[0].cancelled()


class TestTake:
    async def test_hands_out_in_order_to_those_that_wait(self) -> None:
        queue = Queue[int](math.inf)
        taking = [asyncio.create_task(queue.take()) for _ in range(3)]
        await settle()
        await cancelled(taking.pop(1))
        for number in range(3):
            queue.put_now(number)
        assert await asyncio.gather(*taking) == [0, 1]
        assert await items_of(queue) == [2]

    async def test_loses_no_item_that_came_together_with_a_cancellation(self) -> None:
        queue = Queue[int](0)
        taking = asyncio.create_task(queue.take())
        await settle()
        await queue.put(0)
        await cancelled(taking)
        assert await items_of(queue) == [0]

    async def test_leaves_such_an_item_to_another_that_waits(self) -> None:
        queue = Queue[int](0)
        first, second = (asyncio.create_task(queue.take()) for _ in range(2))
        await settle()
        await queue.put(0)
        await cancelled(first)
        assert await second == 0

    async def test_ends_for_all_that_wait_when_the_queue_is_closed(self) -> None:
        queue = Queue[int](0)
        taking = [asyncio.create_task(queue.take()) for _ in range(2)]
        await settle()
        queue.close()
        assert await asyncio.gather(*taking) == [None, None]
        assert await queue.take() is None


async def test_all_are_put_as_there_is_room() -> None:
    queue = Queue[int](2)
    numbers = iter(range(5))
    task = asyncio.create_task(queue.put_all(numbers))
    await settle()
    assert next(numbers) == 3  # the third waits for room
    assert [await queue.take() for _ in range(2)] == [0, 1]
    await task
    assert await items_of(queue) == [2, 4]
