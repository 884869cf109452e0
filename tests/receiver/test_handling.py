"""What handlers do ends nothing but themselves; what ends the program ends it."""

import asyncio
import functools
import gc
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from unittest.mock import AsyncMock

import pytest

from currents_async import CurrentsError, InvalidArgumentError
from currents_async.receiver import (
    HandlerTimeoutError,
    Receiver,
    Router,
    RunEvent,
    RunFinished,
    UnfinishedError,
)
from currents_async.testing import ManualClock
from tests.receiver.deliveries import deliver, turns, verifier

pytestmark = pytest.mark.usefixtures("no_task_is_left")


class Ours(BaseException):
    """An error that no `except Exception` catches."""


async def fail_a_test(_: RunEvent) -> None:
    pytest.fail("of the handler")


async def raise_ours(_: RunEvent) -> None:
    raise Ours


async def fail(event: RunEvent) -> None:
    raise KeyError(event.run_id)


async def time_out(_: RunEvent) -> None:
    raise TimeoutError("mine")


async def raise_a_group(_: RunEvent) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(raise_ours(RunFinished(run_id="r")))


async def raise_generator_exit(_: RunEvent) -> None:
    raise GeneratorExit


async def raise_cancelled(_: RunEvent) -> None:
    raise asyncio.CancelledError


async def cancel_itself(_: RunEvent) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def cancel_itself_and_return(_: RunEvent) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


FAILING: list[tuple[Callable[[RunEvent], Awaitable[None]], str]] = [
    (fail, "KeyError('{}')"),
    (time_out, "TimeoutError('mine')"),
    (fail_a_test, "UnfinishedError('a handler raised Failed')"),
    (raise_ours, "UnfinishedError('a handler raised Ours')"),
    (raise_a_group, "UnfinishedError('a handler raised BaseExceptionGroup')"),
    (raise_generator_exit, "UnfinishedError('a handler raised GeneratorExit')"),
    (raise_cancelled, "UnfinishedError('a handler was cancelled')"),
    (cancel_itself, "UnfinishedError('a handler was cancelled')"),
    (cancel_itself_and_return, "UnfinishedError('a handler was cancelled')"),
]


class Noted:
    """A router with a handler that notes the runs it gets, and an `on_error` that notes errors."""

    def __init__(self, *before: Callable[[RunEvent], Awaitable[None]]) -> None:
        self.router = Router()
        self.runs: list[str | None] = []
        self.errors: list[Exception] = []
        for handle in (*before, self._note_run):
            self.router.on(RunEvent)(handle)

    async def _note_run(self, event: RunEvent) -> None:
        self.runs.append(event.run_id)

    def note_error(self, _: RunEvent, error: Exception) -> None:
        self.errors.append(error)

    def receiver(self, **options: Any) -> Receiver:
        options.setdefault("on_error", self.note_error)
        return Receiver(verifier(), self.router, concurrency=1, **options)


class TestWorkersSurviveTheirHandlers:
    @pytest.mark.parametrize(("handle", "error"), FAILING)
    async def test_an_error_or_a_cancellation_of_its_own_is_reported(
        self, handle: Callable[[RunEvent], Awaitable[None]], error: str
    ) -> None:
        noted = Noted(handle)
        async with noted.receiver() as receiver:
            for run_id in "abc":
                assert await deliver(receiver, run_id) == 202
            await turns(40)
            assert receiver.pending == 0
            assert "a" not in receiver.seen
        assert noted.runs == list("abc")
        assert [repr(one) for one in noted.errors] == [error.format(run_id) for run_id in "abc"]

    async def test_the_error_it_raised_is_the_cause(self) -> None:
        noted = Noted(raise_ours)
        async with noted.receiver() as receiver:
            await deliver(receiver, "a")
        [error] = noted.errors
        assert isinstance(error.__cause__, Ours)

    async def test_on_error_that_fails_a_test_ends_no_worker_either(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        noted = Noted(raise_ours)

        def on_error(_: RunEvent, error: Exception) -> None:
            pytest.fail(f"because of {type(error).__name__}")

        async with noted.receiver(on_error=on_error) as receiver:
            for run_id in "ab":
                await deliver(receiver, run_id)
        assert noted.runs == ["a", "b"]
        assert [record.message for record in caplog.records] == [
            f"on_error failed on 'RUN_FINISH' of run {run_id}" for run_id in "ab"
        ]

    async def test_several_are_a_group(self) -> None:
        router = Router()
        for handle in (raise_ours, cancel_itself, fail_a_test):
            router.on(RunEvent)(handle)
        with pytest.raises(BaseExceptionGroup, match="3 handlers of 'RUN_FINISH'") as caught:
            await router.dispatch(RunFinished(run_id="r"))
        kinds = [type(error).__name__ for error in caught.value.exceptions]
        assert kinds == ["Ours", "UnfinishedError", "Failed"]

    async def test_one_that_ignores_cancellations_does_not_block_leaving(
        self,
    ) -> None:
        async def hold_out(_: RunEvent) -> None:
            for _turn in range(3):
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
            await asyncio.Event().wait()

        noted = Noted(hold_out)
        async with asyncio.timeout(5), noted.receiver(drain=0) as receiver:
            await deliver(receiver, "a")
            await turns()
        reasons = [str(error) for error in noted.errors]
        assert reasons == ["the receiver was left before the event was handled"]

    async def test_one_that_was_cancelled_while_it_waited_for_another(self) -> None:
        """`dispatch` itself is cancelled, and so is the handler; nothing is swallowed."""
        ended: list[str] = []

        async def wait(_: RunEvent) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("first")

        noted = Noted(wait)
        task = asyncio.create_task(noted.router.dispatch(RunFinished(run_id="r")))
        await turns()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (ended, noted.runs) == (["first"], [])


@pytest.mark.usefixtures("only_new_garbage")
@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_an_exit_ends_the_program_and_the_event_is_reported(
    kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """A handler of SIGTERM may raise it anywhere."""
    noted: list[Noted] = []

    async def leave(_: RunEvent) -> None:
        raise kind

    async def serve() -> None:
        noted.append(Noted(leave))
        async with noted[0].receiver() as receiver:
            await deliver(receiver, "a")
            await asyncio.Event().wait()

    with pytest.raises(kind):
        asyncio.run(serve())
    assert [type(error) for error in noted[0].errors] == [UnfinishedError]
    gc.collect()
    assert caplog.text == ""


def test_nothing_is_accepted_when_no_worker_is_left() -> None:
    """The loop that `on_error` has left is run again."""

    def leave(_: RunEvent, __: Exception) -> None:
        raise SystemExit

    receiver = Noted(raise_ours).receiver(on_error=leave)
    with asyncio.Runner() as runner:
        runner.run(receiver.__aenter__())
        assert runner.run(deliver(receiver, "a")) == 202
        with pytest.raises(SystemExit):
            runner.run(turns())
        runner.run(turns())
        assert runner.run(deliver(receiver, "b")) == 503
        with pytest.raises(SystemExit):
            runner.run(receiver.__aexit__(None, None, None))


class TestTimeLimit:
    async def test_a_handler_that_hangs_is_cancelled_and_reported_and_the_others_run(
        self,
    ) -> None:
        clock = ManualClock(auto=False)
        gate = asyncio.Event()

        async def wait(event: RunEvent) -> None:
            if event.run_id == "a":
                await gate.wait()

        noted = Noted(wait)
        async with noted.receiver(handler_timeout=7.5, clock=clock) as receiver:
            for run_id in "ab":
                await deliver(receiver, run_id)
            await turns()
            assert clock.waiting == [7.5]
            clock.advance(7.4)
            await turns()
            assert noted.errors == []
            clock.advance(0.1)
            await turns(30)
            assert noted.runs == ["a", "b"]
            assert clock.waiting == []
            assert "a" not in receiver.seen
        [error] = noted.errors
        assert isinstance(error, HandlerTimeoutError)
        assert isinstance(error, UnfinishedError | TimeoutError | CurrentsError)
        assert str(error) == "a handler took longer than 7.5 s"
        where = "".join(traceback.format_exception(error))
        assert "await gate.wait()" in where

    async def test_it_is_ten_minutes_by_default(self) -> None:
        clock = ManualClock(auto=False)
        gate = asyncio.Event()

        async def wait(_: RunEvent) -> None:
            await gate.wait()

        async with Noted(wait).receiver(clock=clock) as receiver:
            await deliver(receiver, "a")
            await turns()
            assert clock.waiting == [600]
            gate.set()

    @pytest.mark.parametrize("name", ["handler_timeout", "body_timeout"])
    @pytest.mark.parametrize("seconds", [0, -1, float("nan"), "5", None])
    def test_refused(self, name: str, seconds: Any) -> None:
        with pytest.raises(InvalidArgumentError, match=name):
            Noted().receiver(**{name: seconds})


class Handling:
    async def __call__(self, _: RunEvent) -> None:
        """Do nothing."""

    async def method(self, _: RunEvent) -> None:
        """Do nothing."""

    @staticmethod
    async def static(_: RunEvent) -> None:
        """Do nothing."""

    def blocking(self, _: RunEvent) -> Any:
        """Do nothing."""

    async def generate(self, _: RunEvent) -> Any:
        yield


class Blocking:
    def __call__(self, _: RunEvent) -> Any:
        """Do nothing."""


async def with_more(_: RunEvent, more: int) -> None:
    """Do nothing."""


class TestOnlyAsyncFunctions:
    @pytest.mark.parametrize(
        "handle",
        [
            raise_ours,
            functools.partial(with_more, more=1),
            functools.partial(functools.partial(with_more, more=1)),
            Handling(),
            Handling().method,
            Handling.static,
            functools.partial(Handling().method),
            AsyncMock(),
        ],
    )
    def test_taken(self, handle: Any) -> None:
        router = Router()
        assert router.on(RunEvent)(handle) is handle
        assert router.handlers_of(RunFinished(run_id="r")) == [handle]

    @pytest.mark.parametrize(
        ("handle", "name"),
        [
            (Blocking().__call__, r"Blocking\.__call__"),
            (Handling().blocking, r"Handling\.blocking"),
            (Blocking(), "Blocking"),
            (Handling().generate, r"Handling\.generate"),
            (functools.partial(print, end=""), "partial"),
            (lambda event: raise_ours(event), "<lambda>"),  # noqa: PLW0108 - what is refused
            (print, "print"),
            (Handling, "Handling"),
            (None, "NoneType"),
        ],
    )
    def test_functions_that_could_block_are_refused_on_registration(
        self, handle: Any, name: str
    ) -> None:
        router = Router()
        with pytest.raises(InvalidArgumentError, match=f"{name} is not an async function"):
            router.on(RunEvent)(handle)
        assert router.handlers_of(RunFinished(run_id="r")) == []

    def test_on_error_is_called_not_awaited(self) -> None:
        async def on_error(_: RunEvent, __: Exception) -> None:
            """Never be awaited."""

        with pytest.raises(InvalidArgumentError, match="on_error"):
            Receiver(verifier(), Router(), on_error=on_error)
