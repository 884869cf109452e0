"""A body that is read ahead beside its reader, which may leave at any moment."""

import asyncio
from collections import deque

import pytest

from currents_async._transport.body import Body
from currents_async._transport.memory import Memory
from currents_async._transport.tracing import Traffic
from currents_async._wire.body_errors import OversizedBodyError

MiB = 1024 * 1024


class Content:
    """What arrives, chunk by chunk, when the test says so."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._ended = False

    def feed(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._arrived.set()

    def at_eof(self) -> bool:
        return self._ended

    def exception(self) -> None:
        return None

    def read_nowait(self) -> bytes:
        return b""

    async def readany(self) -> bytes:
        await self._arrived.wait()
        chunk = self._chunks.popleft()
        if not self._chunks:
            self._arrived.clear()
        self._ended = not chunk
        return chunk


def body_of(content: Content, memory: Memory, *, limit: int = 4 * MiB) -> Body:
    return Body(
        content,
        "",
        limit,
        traffic=Traffic(),
        memory=memory,
        first=1024,
        keep=False,
        objects=None,
        on_end=lambda: None,
    )


@pytest.mark.parametrize("size", [10, 2 * MiB])
async def test_what_arrives_after_the_reader_has_left_is_let_go(size: int) -> None:
    content, memory = Content(), Memory(limit=16 * MiB, body=8 * MiB)
    body = body_of(content, memory)
    fetching = asyncio.create_task(body.prefetch()())
    content.feed(bytes(size))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    content.feed(b"more")
    body.close()
    await fetching
    assert memory._total == 0
    assert not memory._arriving


async def test_more_than_the_limit_is_not_fetched() -> None:
    content, memory = Content(), Memory(limit=16 * MiB, body=8 * MiB)
    body = body_of(content, memory, limit=1000)
    content.feed(bytes(1001))
    content.feed(b"")
    with pytest.raises(OversizedBodyError):
        await body.prefetch()()
    body.close()
    assert memory._total == 0
