import asyncio
import logging

import pytest

from currents_async import (
    Currents,
    ForbiddenError,
    NotFoundError,
    Observer,
    RequestAttempt,
    RequestCall,
    ServerError,
)
from currents_async.testing import FakeCurrents, ManualClock, WorldProject
from tests.support import shown_of

KEY = "sk-a-very-secret-key"


class TestTracing:
    async def test_an_observer_sees_each_attempt(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        run = project.run(specs=1)
        server.fail("getRun", times=1)
        seen: list[RequestAttempt] = []
        async with Currents(server.api_key, base_url=server.url, observer=seen.append) as currents:
            await currents.runs.get(run.run_id)
        first, second = seen
        assert first.call is second.call
        assert (first.call.operation, first.call.method) == ("getRun", "GET")
        assert (first.attempt, first.status, type(first.error)) == (1, 503, ServerError)
        assert (second.attempt, second.status, second.error) == (2, 200, None)
        assert second.request_id == server.requests[1].request_id
        assert second.wire_bytes == server.requests[1].bytes_sent
        assert second.inflated_bytes > second.wire_bytes
        assert second.until_headers is not None
        assert second.duration >= second.until_headers >= 0

    async def test_a_long_pause_is_one_line_of_the_log(
        self, server: FakeCurrents, project: WorldProject, caplog: pytest.LogCaptureFixture
    ) -> None:
        run = project.run(specs=1)
        server.fail("getRun", status=429, times=3, headers={"Retry-After": "4"})
        with caplog.at_level(logging.INFO, "currents_async"):
            async with Currents(
                server.api_key, base_url=server.url, clock=ManualClock()
            ) as currents:
                await asyncio.gather(*(currents.runs.get(run.run_id) for _ in range(3)))
        assert caplog.messages == ["paused 4 s: the server asked"]

    async def test_an_observer_sees_the_whole_call(self, server: FakeCurrents) -> None:
        seen: list[str] = []

        class Diary(Observer):
            def call_began(self, call: RequestCall) -> None:
                seen.append(f"began {call.number} {call.operation}")

            def attempt_ended(self, attempt: RequestAttempt) -> None:
                seen.append(f"attempt {attempt.attempt} {attempt.status}")

            def call_ended(self, call: RequestCall, error: BaseException | None) -> None:
                seen.append(f"ended {call.number} {type(error).__name__}")

        async with Currents(server.api_key, base_url=server.url, observer=Diary()) as currents:
            with pytest.raises(NotFoundError):
                await currents.runs.get("r")
        assert seen == ["began 1 getRun", "attempt 1 404", "ended 1 NotFoundError"]

    async def test_a_hook_that_raises_breaks_nothing(
        self, server: FakeCurrents, project: WorldProject, caplog: pytest.LogCaptureFixture
    ) -> None:
        run = project.run(specs=1)
        seen: list[RequestAttempt] = []

        def broken(_: RequestAttempt) -> None:
            raise RuntimeError("a bug in the hook")

        hooks = [broken, seen.append]
        async with Currents(server.api_key, base_url=server.url, observer=hooks) as currents:
            await currents.runs.get(run.run_id)
        assert len(seen) == 1
        assert "a bug in the hook" in caplog.text

    async def test_a_log_line_for_each_attempt(
        self, server: FakeCurrents, currents: Currents, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, "currents_async")
        with pytest.raises(NotFoundError):
            await currents.runs.get("r")
        [line] = [one.getMessage() for one in caplog.records if one.name == "currents_async"]
        assert line.startswith(f"getRun (GET {server.url}/runs/r) attempt 1: NotFoundError in ")

    async def test_a_key_that_the_server_echoes_is_redacted(self, server: FakeCurrents) -> None:
        headers = {"X-Request-Id": KEY}
        body = b'{"status":"FAILED","error":"bad key %s"}' % KEY.encode()
        server.fail("getRun", status=403, headers=headers, body=body)
        seen: list[RequestAttempt] = []
        async with Currents(KEY, base_url=server.url, observer=seen.append) as currents:
            with pytest.raises(ForbiddenError):
                await currents.runs.get("r")
        [attempt] = seen
        assert KEY not in repr(attempt) + shown_of(attempt.error or Exception(), without=__file__)
        assert attempt.request_id == "[API key]"
