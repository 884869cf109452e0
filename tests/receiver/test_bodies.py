"""Bodies that arrive in a stream: whose are read, how much of them, and for how long."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from currents_async.receiver import Receiver, Response, Router, RunEvent
from currents_async.testing import ManualClock
from tests.receiver.deliveries import (
    SECRET,
    VALID,
    body,
    headers,
    shown_within_the_library,
    verifier,
)

pytestmark = pytest.mark.usefixtures("no_task_is_left")


@asynccontextmanager
async def receiving(**options: Any) -> AsyncGenerator[Receiver]:
    clock = options.setdefault("clock", ManualClock(auto=False))
    async with Receiver(verifier(max_body=1000, clock=clock), Router(), **options) as receiver:
        yield receiver


def full(*, room: int) -> tuple[asyncio.Event, Receiver]:
    """Return a receiver with limited room, whose handlers end when the event is set."""
    gate = asyncio.Event()
    router = Router()

    @router.on(RunEvent)
    async def wait(_: RunEvent) -> None:
        await gate.wait()

    return gate, Receiver(verifier(), router, concurrency=1, queue=room - 1)


class Stream:
    """A body in chunks, which counts how many were read, and notes whether it was closed."""

    def __init__(self, *chunks: bytes, then: Exception | None = None, hangs: bool = False) -> None:
        self._chunks = chunks
        self._then = then
        self._hangs = hangs
        self.asked = 0
        self.is_closed = False

    async def chunks(self) -> AsyncGenerator[bytes]:
        try:
            for chunk in self._chunks:
                self.asked += 1
                yield chunk
            if self._hangs:
                await asyncio.Event().wait()
            if self._then is not None:
                raise self._then
        finally:
            self.is_closed = True


class TestBodiesThatAreNotRead:
    async def test_bodies_of_refused_headers_are_not_read(self) -> None:
        stream = Stream(body())
        async with receiving() as receiver:
            for given, status in (
                (headers("wrong"), 401),
                (headers(at=1), 400),
                ({**VALID, "Content-Length": "1001"}, 413),
            ):
                assert (await receiver.deliver(given, stream.chunks())).status == status
        assert stream.asked == 0

    async def test_bodies_are_not_read_without_room(self) -> None:
        stream = Stream(body())
        gate, receiver = full(room=2)
        async with receiver:
            for run_id in "ab":
                assert (await receiver.deliver(VALID, body(run_id=run_id))).status == 202
            assert (await receiver.deliver(VALID, stream.chunks())).message == "too busy"
            gate.set()
        assert (await receiver.deliver(VALID, stream.chunks())).message == "shutting down"
        assert stream.asked == 0

    async def test_room_is_checked_again_after_the_body(self) -> None:
        arrived = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            await arrived.wait()
            yield body(run_id="late")

        gate, receiver = full(room=2)
        async with receiver:
            late = asyncio.create_task(receiver.deliver(VALID, slow()))
            await asyncio.sleep(0)
            for run_id in "ab":
                assert (await receiver.deliver(VALID, body(run_id=run_id))).status == 202
            arrived.set()
            assert (await late).message == "too busy"
            gate.set()

    async def test_in_any_chunks(self) -> None:
        content = body()
        stream = Stream(*(content[at : at + 7] for at in range(0, len(content), 7)), b"")
        async with receiving() as receiver:
            assert (await receiver.deliver(VALID, stream.chunks())).status == 202
            assert (await receiver.deliver(VALID, content)).status == 200
        assert stream.is_closed


class TestLimits:
    async def test_too_large_without_a_length(self) -> None:
        stream = Stream(*[b" " * 100] * 1000)
        async with receiving() as receiver:
            response = await receiver.deliver(VALID, stream.chunks())
        assert (response.status, response.message) == (413, "the body is larger than 1000 bytes")
        assert (stream.asked, stream.is_closed) == (11, True)

    async def test_it_breaks_off(self) -> None:
        stream = Stream(body()[:9], then=ClientDisconnect(SECRET))
        async with receiving() as receiver:
            response = await receiver.deliver(VALID, stream.chunks())
        assert response == Response(status=400, message="the body broke off: ClientDisconnect")

    async def test_it_hangs(self) -> None:
        stream = Stream(body()[:9], hangs=True)
        async with receiving(body_timeout=0.01) as receiver:
            response = await receiver.deliver(VALID, stream.chunks())
        assert response == Response(status=408, message="the body did not arrive within 0.01 s")
        assert stream.is_closed

    async def test_a_cancellation_meanwhile_shows_no_secret(self) -> None:
        stream = Stream(hangs=True)
        async with receiving() as receiver:
            task = asyncio.create_task(receiver.deliver(headers(), stream.chunks()))
            for _ in range(5):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
        assert SECRET not in shown_within_the_library(caught.value)
        assert stream.is_closed


class TestALineForEachRefusal:
    async def test_each(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, "currents_async.receiver")
        async with receiving(body_timeout=0.01) as receiver:
            for given, content in (
                (headers("a guess"), body()),
                (headers(at=1), body()),
                (VALID, b"{\n}"),
                (VALID, b" " * 1001),
                (VALID, Stream(hangs=True).chunks()),
                (VALID, body()),
                (VALID, body()),  # accepted before, which is no refusal
            ):
                await receiver.deliver(given, content)
        await receiver.deliver(VALID, body())
        assert {(one.name, one.levelno, one.exc_info) for one in caplog.records} == {
            ("currents_async.receiver", logging.WARNING, None)
        }
        age = "the delivery was sent 1767225599 s ago; 300 s are tolerated"
        assert [record.message for record in caplog.records] == [
            "refused a delivery with 401: the delivery does not carry the secret",
            f"refused a delivery with 400: {age}",
            "refused a delivery with 400: the delivery names no event",
            "refused a delivery with 413: the body is larger than 1000 bytes",
            "refused a delivery with 408: the body did not arrive within 0.01 s",
            "refused a delivery with 503: shutting down",
        ]
        assert "a guess" not in caplog.text

    async def test_strangers_do_not_fill_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        clock = ManualClock(auto=False)
        forged = headers("wrong")
        async with receiving(clock=clock) as receiver:
            for _ in range(100):
                await receiver.deliver(forged, b"")
            clock.advance(59.9)
            await receiver.deliver(forged, b"")
            assert len(caplog.records) == 60
            clock.advance(0.1)
            for _ in range(3):
                await receiver.deliver(forged, b"")
            clock.advance(60)
            await receiver.deliver(forged, b"")
        lines = [record.message for record in caplog.records][60:]
        forgery = "refused a delivery with 401: the delivery does not carry the secret"
        omitted = "refused 41 more deliveries, without a line for each"
        assert lines == [omitted, forgery, forgery, forgery, forgery]
