"""Nothing accepted is lost, nothing refused is processed, however the receiver is left."""

import asyncio
import logging
from typing import Any

import anyio
import pytest

from currents_async import InvalidArgumentError, MisuseError
from currents_async.receiver import (
    MemoryReplays,
    Receiver,
    Response,
    Router,
    RunEvent,
    UnfinishedError,
    Verifier,
)
from currents_async.testing import ManualClock
from tests.receiver.deliveries import (
    EVENTS,
    SECRET,
    VALID,
    body,
    deliver,
    headers,
    shown_within_the_library,
    turns,
    verifier,
)

ACCEPTED = Response(status=202, message="accepted")

pytestmark = pytest.mark.usefixtures("no_task_is_left")


class Handlers:
    """A router with one handler, which notes its events, and waits for a gate."""

    def __init__(self, *, open_gate: bool = True) -> None:
        self.router = Router()
        self.router.on(RunEvent)(self.handle)
        self.begun: list[str] = []
        self.done: list[str] = []
        self.gate = asyncio.Event()
        self.errors: list[tuple[str, Exception]] = []
        if open_gate:
            self.gate.set()

    async def handle(self, event: RunEvent) -> None:
        assert event.run_id is not None
        self.begun.append(event.run_id)
        await self.gate.wait()
        self.done.append(event.run_id)

    def note_error(self, event: RunEvent, error: Exception) -> None:
        assert event.run_id is not None
        self.errors.append((event.run_id, error))

    def receiver(self, checking: Verifier | None = None, **options: Any) -> Receiver:
        options.setdefault("on_error", self.note_error)
        options.setdefault("drain", 5)  # for a test that fails while its gate is closed
        return Receiver(checking or verifier(), self.router, **options)


class TestResponses:
    async def test_accepted_then_known(self) -> None:
        handlers = Handlers()
        async with handlers.receiver() as receiver:
            assert await receiver.deliver(VALID, body()) == ACCEPTED
            again = await receiver.deliver(VALID, body())
        assert (again.status, again.headers) == (200, {})
        assert len(handlers.done) == 1

    async def test_the_response_does_not_wait(self) -> None:
        handlers = Handlers(open_gate=False)
        async with handlers.receiver() as receiver:
            assert await deliver(receiver, "a") == 202
            assert (handlers.begun, receiver.pending) == ([], 1)
            await turns()
            assert (handlers.begun, handlers.done, receiver.pending) == (["a"], [], 1)
            handlers.gate.set()
            await turns()
            assert (handlers.done, receiver.pending) == (["a"], 0)

    @pytest.mark.parametrize(
        ("given", "content", "status"),
        [
            (headers("wrong"), body(), 401),
            ({}, body(), 401),
            (headers(at=1), body(), 400),
            (VALID, b"{}", 400),
            (VALID, body(runUrl="https://evil.example/run/r"), 400),
            (VALID, b" " * 2000, 413),
        ],
    )
    async def test_refused(self, given: Any, content: bytes, status: int) -> None:
        handlers = Handlers()
        async with handlers.receiver(verifier(max_body=1999)) as receiver:
            response = await receiver.deliver(given, content)
            assert receiver.max_body == 1999
        assert response.status == status
        assert SECRET not in repr(response)
        assert handlers.begun == []

    async def test_only_inside(self) -> None:
        receiver = Handlers().receiver()
        with pytest.raises(MisuseError, match="inside 'async with'"):
            await receiver.deliver(VALID, body())
        async with receiver:
            """Enter it."""
        with pytest.raises(MisuseError, match="has been used"):
            await receiver.__aenter__()
        response = await receiver.deliver(VALID, body())
        assert (response.status, response.headers) == (503, {"Retry-After": "10"})

    @pytest.mark.parametrize(
        "options",
        [
            {"concurrency": 0},
            {"concurrency": 10_001},
            {"queue": 0},
            {"drain": -1},
            {"drain": float("nan")},
        ],
        ids=str,
    )
    def test_bad_arguments(self, options: Any) -> None:
        with pytest.raises(InvalidArgumentError, match=next(iter(options))):
            Receiver(verifier(), Router(), **options)


class TestRoom:
    async def test_a_full_queue_asks_to_try_later(self) -> None:
        handlers = Handlers(open_gate=False)
        async with handlers.receiver(concurrency=2, queue=3) as receiver:
            responses = [await deliver(receiver, str(number)) for number in range(7)]
            assert responses == [202] * 5 + [503] * 2
            await turns()
            assert (handlers.begun, receiver.pending) == (["0", "1"], 5)
            assert await deliver(receiver, "5") == 503
            handlers.gate.set()
            await turns()
            assert sorted(handlers.done) == ["0", "1", "2", "3", "4"]
            assert [await deliver(receiver, run_id) for run_id in "056"] == [200, 202, 202]
        assert sorted(handlers.done) == list("0123456")
        assert handlers.errors == []

    async def test_a_delivery_that_waits_for_the_store_has_a_place(self) -> None:
        """Only as many as there is room for, of any number at the same time."""
        handlers = Handlers(open_gate=False)
        store = SlowStore()
        async with handlers.receiver(verifier(replays=store), concurrency=1, queue=2) as receiver:
            asking = [asyncio.create_task(deliver(receiver, str(number))) for number in range(5)]
            await turns()
            store.gate.set()
            assert await asyncio.gather(*asking) == [202] * 3 + [503] * 2
            handlers.gate.set()
        assert handlers.done == ["0", "1", "2"]

    async def test_forged_ones_take_no_place(self) -> None:
        handlers = Handlers(open_gate=False)
        async with handlers.receiver(concurrency=1, queue=1) as receiver:
            for _ in range(10):
                assert (await receiver.deliver(headers("wrong"), body())).status == 401
            assert await deliver(receiver, "a") == 202
            handlers.gate.set()


class SlowStore(MemoryReplays):
    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.asked = 0

    async def add(self, key: str, *, seconds: float) -> bool:
        self.asked += 1
        await self.gate.wait()
        return await super().add(key, seconds=seconds)


class UnhurriedStore(MemoryReplays):
    async def add(self, key: str, *, seconds: float) -> bool:
        await turns(3)
        is_new = await super().add(key, seconds=seconds)
        await turns(2)
        return is_new


class TestLeaving:
    async def test_accepted_events_are_handled(self) -> None:
        handlers = Handlers(open_gate=False)
        clock = ManualClock(auto=False)
        receiver = handlers.receiver(concurrency=2, clock=clock)
        async with asyncio.timeout(5), receiver:
            for number in range(20):
                assert await deliver(receiver, str(number)) == 202
            asyncio.get_running_loop().call_later(0.01, handlers.gate.set)
        assert handlers.begun == [str(number) for number in range(20)]
        assert sorted(handlers.done) == sorted(handlers.begun)
        assert (handlers.errors, receiver.pending, clock.waiting) == ([], 0, [])

    async def test_nothing_is_accepted_meanwhile(self) -> None:
        handlers = Handlers(open_gate=False)
        checking = verifier()
        async with handlers.receiver(checking) as receiver:
            await deliver(receiver, "a")
            leaving = asyncio.create_task(receiver.__aexit__(None, None, None))
            await turns()
            assert await deliver(receiver, "b") == 503
            assert await deliver(receiver, "a") == 503
            handlers.gate.set()
            await leaving
        assert handlers.done == ["a"]
        async with handlers.receiver(checking) as following:
            assert await deliver(following, "b") == 202
            assert await deliver(following, "a") == 200
        assert handlers.done == ["a", "b"]

    async def test_after_its_time_the_rest_is_cancelled_and_reported(self) -> None:
        handlers = Handlers(open_gate=False)
        clock = ManualClock(auto=False)
        receiver = handlers.receiver(concurrency=2, drain=30, clock=clock)
        async with asyncio.timeout(5), receiver:
            for run_id in "abcd":
                await deliver(receiver, run_id)
            leaving = asyncio.create_task(receiver.__aexit__(None, None, None))
            await turns()
            assert clock.waiting == [30, 600, 600]
            clock.advance(29.9)
            await turns()
            assert not leaving.done()
            clock.advance(0.1)
            await leaving
            assert clock.waiting == []
            assert handlers.begun == ["a", "b"]
            assert handlers.done == []
            assert [run_id for run_id, _ in handlers.errors] == list("abcd")
            assert {type(error) for _, error in handlers.errors} == {UnfinishedError}
            handlers.errors.clear()

    async def test_unfinished_events_are_accepted_when_sent_again(self) -> None:
        """By the next receiver with the same store, which knows the handled ones."""
        replays = MemoryReplays()
        left = Handlers(open_gate=False)
        receiver = left.receiver(verifier(replays=replays), concurrency=2, drain=0)
        async with receiver:
            left.gate.set()
            assert await deliver(receiver, "done") == 202
            await turns()
            left.gate.clear()
            for run_id in "abc":
                assert await deliver(receiver, run_id) == 202
            await turns()
        assert (left.done, [run_id for run_id, _ in left.errors]) == (["done"], list("abc"))
        following = Handlers()
        async with following.receiver(verifier(replays=replays)) as receiver:
            assert [await deliver(receiver, run_id) for run_id in "abc"] == [202] * 3
            assert await deliver(receiver, "done") == 200
        assert following.done == list("abc")

    async def test_also_if_leaving_is_cancelled(self) -> None:
        class Unhurried(MemoryReplays):
            async def remove(self, key: str) -> None:
                await turns(3)
                await super().remove(key)

        replays = Unhurried()
        handlers = Handlers(open_gate=False)

        async def live() -> None:
            async with handlers.receiver(verifier(replays=replays), drain=0.01) as receiver:
                for run_id in "ab":
                    await deliver(receiver, run_id)
                await asyncio.Event().wait()

        task = asyncio.create_task(live())
        await turns()
        assert len(replays) == 2
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert len(replays) == 0

    async def test_a_store_that_does_not_forget_is_reported_and_the_rest_forgotten(self) -> None:
        class Stubborn(MemoryReplays):
            asked = 0

            async def remove(self, key: str) -> None:
                self.asked += 1
                if self.asked == 2:
                    raise OSError("no store")
                await super().remove(key)

        replays = Stubborn()
        handlers = Handlers(open_gate=False)
        async with handlers.receiver(verifier(replays=replays), drain=0) as receiver:
            for run_id in "abc":
                await deliver(receiver, run_id)
        reported = [(run_id, type(error).__name__) for run_id, error in handlers.errors]
        assert reported == [
            ("a", "UnfinishedError"),
            ("b", "UnfinishedError"),
            ("b", "OSError"),
            ("c", "UnfinishedError"),
        ]
        assert len(replays) == 1

    async def test_handlers_that_end_in_time_are_not_reported(self) -> None:
        """A handler may finish its work when it is cancelled."""
        router = Router()
        ended: list[str | None] = []
        errors: list[Exception] = []

        @router.on(RunEvent)
        async def handle(event: RunEvent) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ended.append(event.run_id)

        async with Receiver(
            verifier(), router, drain=0, on_error=lambda _, error: errors.append(error)
        ) as receiver:
            await deliver(receiver, "a")
            await turns()
        assert (ended, errors) == (["a"], [])

    @pytest.mark.parametrize("drain", [0, 30, float("inf")])
    async def test_at_once_when_there_is_nothing_to_do(self, drain: float) -> None:
        async with asyncio.timeout(2), Handlers().receiver(drain=drain) as receiver:
            await deliver(receiver, "a")
            await turns()

    async def test_an_error_in_the_body_drains_too_and_leaves_as_itself(self) -> None:
        handlers = Handlers()
        with pytest.raises(KeyError, match="me"):
            async with handlers.receiver() as receiver:
                await deliver(receiver, "a")
                raise KeyError("me")
        assert handlers.done == ["a"]

    async def test_by_another_task(self) -> None:
        """As fixtures of pytest-asyncio do."""
        handlers = Handlers()
        receiver = handlers.receiver()
        await asyncio.create_task(receiver.__aenter__())
        assert await deliver(receiver, "a") == 202
        await asyncio.create_task(receiver.__aexit__(None, None, None))
        assert handlers.done == ["a"]

    @pytest.mark.parametrize("how", ["asyncio", "anyio"])
    @pytest.mark.parametrize("after", range(0, 40, 2))
    async def test_cancelled_at_every_await(self, how: str, after: int) -> None:
        """Each accepted event is either handled or reported, and no other event is."""
        handlers = Handlers(open_gate=False)
        scope = anyio.CancelScope()
        accepted: list[str] = []

        async def live() -> None:
            with scope:
                checking = verifier(replays=UnhurriedStore())
                async with handlers.receiver(checking, concurrency=2, drain=0.01) as receiver:
                    for run_id in "abcd":
                        assert await deliver(receiver, run_id) == 202
                        accepted.append(run_id)

        task = asyncio.create_task(live())
        for turn in range(after):
            await asyncio.sleep(0)
            if turn == 25:
                handlers.gate.set()
        if how == "asyncio":
            task.cancel()
        else:
            scope.cancel()
        await asyncio.wait([task])
        reported = [run_id for run_id, _ in handlers.errors]
        assert sorted(handlers.done + reported) == accepted
        assert {type(error) for _, error in handlers.errors} <= {UnfinishedError}

    async def test_a_delivery_that_waits_for_the_store_is_still_accepted(self) -> None:
        handlers = Handlers()
        store = SlowStore()
        async with handlers.receiver(verifier(replays=store)) as receiver:
            asking = asyncio.create_task(deliver(receiver, "a"))
            await turns()
            leaving = asyncio.create_task(receiver.__aexit__(None, None, None))
            await turns()
            assert not leaving.done()
            store.gate.set()
            assert await asking == 202
            await leaving
        assert handlers.done == ["a"]

    async def test_a_delivery_that_waits_for_the_store_in_vain_does_not_delay_leaving(self) -> None:
        handlers = Handlers()
        store = SlowStore()
        checking = verifier(replays=store)
        store.gate.set()
        await checking.accept(VALID, body(run_id="a"))
        store.gate.clear()
        async with asyncio.timeout(5), handlers.receiver(checking, drain=60) as receiver:
            asking = asyncio.create_task(deliver(receiver, "a"))
            await turns()
            asyncio.get_running_loop().call_later(0.01, store.gate.set)
        assert await asking == 200
        assert handlers.begun == []

    async def test_the_store_responds_after_leaving(self) -> None:
        """It is refused, so that it can be sent again."""
        handlers = Handlers()
        store = SlowStore()
        checking = verifier(replays=store)
        async with handlers.receiver(checking, drain=0) as receiver:
            asking = asyncio.create_task(deliver(receiver, "a"))
            await turns()
            await receiver.__aexit__(None, None, None)
            store.gate.set()
            assert await asking == 503
        async with handlers.receiver(checking) as following:
            assert await deliver(following, "a") == 202
        assert handlers.done == ["a"]


class TestErrors:
    async def test_logged_by_default(self, caplog: pytest.LogCaptureFixture) -> None:
        handlers = Handlers()

        @handlers.router.on(RunEvent)
        async def fail(_: RunEvent) -> None:
            raise KeyError("what happened")

        async with handlers.receiver(on_error=None) as receiver:
            await receiver.deliver(VALID, body("RUN_FINISH", "r", buildId="b\nforged line"))
        [record] = caplog.records
        assert (record.name, record.levelno) == ("currents_async.receiver", logging.ERROR)
        assert record.message == "'RUN_FINISH' of run r was not handled"
        assert "what happened" in caplog.text
        assert SECRET not in caplog.text

    @pytest.mark.parametrize("fails", ["add", "remove"])
    async def test_a_store_that_fails_refuses(self, fails: str) -> None:
        handlers = Handlers()
        store = MemoryReplays()
        checking = verifier(replays=store)

        async def fail(*_: object, **__: object) -> bool:
            raise OSError("no store")

        async with handlers.receiver(checking) as receiver:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(store, "add", fail)
                if fails == "remove":
                    patch.setattr(store, "remove", fail)
                assert await deliver(receiver, "a") == 503
            assert handlers.begun == []
            [(run_id, error)] = handlers.errors
            assert (run_id, type(error)) == ("a", OSError)
            assert SECRET not in shown_within_the_library(error)
            assert await deliver(receiver, "a") == 202
        assert handlers.done == ["a"]

    async def test_a_cancelled_delivery_shows_no_secret(self) -> None:
        receiver = Handlers().receiver(verifier(replays=SlowStore()))
        async with receiver:
            task = asyncio.create_task(receiver.deliver(headers(), body()))
            await turns()
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
        assert SECRET not in shown_within_the_library(caught.value)


class TestSeen:
    async def test_ends_that_were_handled(self) -> None:
        handlers = Handlers()
        async with handlers.receiver() as receiver:
            for event in (*EVENTS, "RUN_PAUSED"):
                await deliver(receiver, event, event)
            await turns()
            found = [event for event in (*EVENTS, "RUN_PAUSED") if event in receiver.seen]
        assert found == ["RUN_FINISH", "RUN_TIMEOUT", "RUN_CANCELED"]

    async def test_only_when_all_handlers_succeeded(self) -> None:
        handlers = Handlers()

        @handlers.router.on(RunEvent)
        async def fail(event: RunEvent) -> None:
            if event.run_id == "bad":
                raise KeyError

        async with handlers.receiver() as receiver:
            await deliver(receiver, "bad")
            await deliver(receiver, "good")
            await turns()
            assert "good" in receiver.seen
            assert "bad" not in receiver.seen

    async def test_not_before(self) -> None:
        handlers = Handlers(open_gate=False)
        async with handlers.receiver() as receiver:
            await deliver(receiver, "a")
            await turns()
            assert "a" not in receiver.seen
            handlers.gate.set()
        assert "a" in receiver.seen
