from typing import Any

import pytest

from currents_async import InvalidArgumentError
from currents_async.receiver import (
    Router,
    RunCanceled,
    RunEvent,
    RunFinished,
    RunStarted,
    RunTimedOut,
    UnknownEvent,
)

EVENTS: list[RunEvent] = [
    RunStarted(run_id="r"),
    RunFinished(run_id="r"),
    RunTimedOut(run_id="r"),
    RunCanceled(run_id="r"),
    UnknownEvent(event="RUN_PAUSED"),
]


async def test_handlers_get_their_events_in_order() -> None:
    router = Router()
    calls: list[tuple[str, str]] = []

    @router.on(RunFinished)
    async def finished(event: RunFinished) -> None:
        calls.append(("finished", event.name))

    @router.on(RunEvent)
    async def everything(event: RunEvent) -> None:
        calls.append(("everything", event.name))

    @router.on(RunFinished, RunTimedOut, RunEvent)
    async def several(event: RunEvent) -> None:
        calls.append(("several", event.name))

    @router.on(UnknownEvent)
    async def unknown(event: UnknownEvent) -> None:
        calls.append(("unknown", event.event))

    for event in EVENTS:
        await router.dispatch(event)
    assert calls == [
        ("everything", "RUN_START"),
        ("several", "RUN_START"),
        ("finished", "RUN_FINISH"),
        ("everything", "RUN_FINISH"),
        ("several", "RUN_FINISH"),
        ("everything", "RUN_TIMEOUT"),
        ("several", "RUN_TIMEOUT"),
        ("everything", "RUN_CANCELED"),
        ("several", "RUN_CANCELED"),
        ("everything", "RUN_PAUSED"),
        ("several", "RUN_PAUSED"),
        ("unknown", "RUN_PAUSED"),
    ]


class TestErrors:
    async def test_one_is_raised_as_itself_after_all_have_run(self) -> None:
        router = Router()
        calls: list[str] = []

        @router.on(RunFinished)
        async def fails(_: RunFinished) -> None:
            raise KeyError("me")

        @router.on(RunFinished)
        async def works(event: RunFinished) -> None:
            calls.append(event.run_id)

        with pytest.raises(KeyError, match="me"):
            await router.dispatch(RunFinished(run_id="r"))
        assert calls == ["r"]

    @pytest.mark.parametrize("kinds", [(), (str,), ("RUN_FINISH",), (RunFinished, None), (type,)])
    def test_anything_but_event_classes_is_refused(self, kinds: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="pass event classes"):
            Router().on(*kinds)
