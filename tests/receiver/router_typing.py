"""Handlers as type checkers see them, never executed.

A handler that does not take what it is registered for is an error to mypy and to pyright; both
complain where an expected error is none.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from collections.abc import Coroutine
from typing import Any, assert_type

from currents_async import Currents
from currents_async.models import ListedRun, Run
from currents_async.receiver import (
    Receiver,
    Router,
    RunCanceled,
    RunEvent,
    RunFinished,
    RunStarted,
    RunTimedOut,
    UnknownEvent,
    Verifier,
    reconcile,
)

router = Router()


@router.on(RunFinished)
async def one(event: RunFinished) -> None:
    assert_type(event.run_id, str)
    assert_type(event.name, str)


@router.on(RunFinished, RunTimedOut)
async def two(event: RunFinished | RunTimedOut) -> None:
    assert_type(event.run_id, str)


@router.on(RunStarted, RunFinished, RunTimedOut)
async def three(event: RunStarted | RunFinished | RunTimedOut) -> None: ...


@router.on(RunStarted, RunFinished, RunTimedOut, RunCanceled)
async def four(event: RunStarted | RunFinished | RunTimedOut | RunCanceled) -> None: ...


@router.on(RunEvent)
async def all_of_them(event: RunEvent) -> None:
    assert_type(event.run_id, str | None)


@router.on(RunFinished, UnknownEvent)
async def wider(event: RunEvent) -> None: ...


@router.on(RunFinished)  # type: ignore[arg-type]
async def another(event: RunStarted) -> None: ...


@router.on(RunFinished, RunTimedOut)  # type: ignore[arg-type]
async def narrower(event: RunFinished) -> None: ...


@router.on(RunEvent)  # type: ignore[arg-type]
async def not_all(event: RunFinished) -> None: ...


@router.on(RunFinished)  # type: ignore[type-var]
def blocking(event: RunFinished) -> None: ...


@router.on(RunFinished)  # type: ignore[arg-type]
async def too_many(event: RunFinished, other: int) -> None: ...


router.on(str)  # type: ignore[type-var]
router.on()  # type: ignore[call-overload]
Verifier({"X-Secret": 1})  # type: ignore[dict-item]


async def use(currents: Currents, receiver: Receiver, verifier: Verifier) -> None:
    coroutine: Coroutine[Any, Any, None] = one(RunFinished(run_id="r"))
    await coroutine
    event = verifier.parse({}, b"")
    assert_type(event, RunStarted | RunFinished | RunTimedOut | RunCanceled | UnknownEvent)
    assert_type(await event.fetch(currents), Run)
    async for run in reconcile(currents, since=1, seen=receiver.seen):  # type: ignore[arg-type]
        assert_type(run, ListedRun)
