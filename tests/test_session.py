"""Whose session it is, when it is open, which loop it belongs to, and what it never shows."""

import asyncio
import gc
import inspect
import logging
import pickle
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import aiohttp
import anyio
import msgspec
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

import currents_async
from currents_async import (
    ClientClosedError,
    ConnectError,
    Currents,
    CurrentsError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    Observer,
    RedirectError,
    RequestAttempt,
    RequestCall,
    RequestTimeoutError,
    ServerError,
    Timeouts,
    WrongLoopError,
)
from currents_async.testing import FakeCurrents, RecordedRequest, WorldProject

KEY = "sk-a-very-secret-key"
PACKAGE = Path(currents_async.__file__).parent


class TestLifeCycle:
    async def test_not_opened(self, server: FakeCurrents) -> None:
        currents = Currents(server.api_key, base_url=server.url)
        with pytest.raises(ClientClosedError, match="not open"):
            await currents.runs.get("r")
        assert repr(currents) == f"<Currents {server.url} new>"

    async def test_closed(self, server: FakeCurrents) -> None:
        async with Currents(server.api_key, base_url=server.url) as currents:
            assert repr(currents) == f"<Currents {server.url} open>"
        with pytest.raises(ClientClosedError, match="has been closed"):
            await currents.runs.get("r")
        with pytest.raises(ClientClosedError, match="create another"):
            await currents.__aenter__()
        await currents.aclose()
        assert repr(currents) == f"<Currents {server.url} closed>"
        assert server.requests == []

    async def test_entered_twice(self, currents: Currents) -> None:
        with pytest.raises(ClientClosedError, match="open already"):
            await currents.__aenter__()

    async def test_closed_without_having_been_open(self) -> None:
        currents = Currents(KEY)
        await currents.aclose()
        with pytest.raises(ClientClosedError):
            await currents.__aenter__()

    async def test_any_task_of_the_loop(self, currents: Currents, project: WorldProject) -> None:
        run = project.run(specs=1)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(currents.runs.get(run.run_id)) for _ in range(40)]
        assert {task.result().run_id for task in tasks} == {run.run_id}

    async def test_another_loop(self, server: FakeCurrents, currents: Currents) -> None:
        def elsewhere(call: Callable[[], Awaitable[object]]) -> None:
            async def main() -> None:
                await call()

            asyncio.run(main())

        for call in (lambda: currents.runs.get("r"), currents.aclose):
            with pytest.raises(WrongLoopError):
                await asyncio.to_thread(elsewhere, call)
        assert server.requests == []

    async def test_closing_closes_the_connections(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        run = project.run(specs=20)
        async with Currents(server.api_key, base_url=server.url) as currents:
            await currents.runs.get_instances(run.run_id)
            assert server.open_connections > 0
        for _ in range(100):
            await asyncio.sleep(0)
        assert server.open_connections == 0

    @pytest.mark.parametrize("by", ["asyncio, twice", "anyio"])
    async def test_who_is_cancelled_leaves_no_session_open(
        self, server: FakeCurrents, by: str
    ) -> None:
        arrived, opened = asyncio.Event(), list[aiohttp.ClientSession | None]()

        async def hold(_: RecordedRequest) -> None:
            arrived.set()
            await asyncio.Event().wait()

        async def call() -> None:
            with scope:
                async with Currents(server.api_key, base_url=server.url) as currents:
                    session = currents._channel.session
                    opened.extend([session._pooled, session._fresh])
                    await currents.runs.get("r")

        scope = anyio.CancelScope()
        server.before_response = hold
        task = asyncio.create_task(call())
        await arrived.wait()
        for _ in range(2):
            (scope if by == "anyio" else task).cancel()
            await asyncio.sleep(0)
        await asyncio.wait([task])
        assert [session is not None and session.closed for session in opened] == [True, True]


class TestTrio:
    """Trio steps coroutines by itself: without an event loop, or as a callback of one."""

    MESSAGE = "needs asyncio.*trio is not supported"

    def test_without_a_loop_of_asyncio(self) -> None:
        with pytest.raises(WrongLoopError, match=self.MESSAGE):
            Currents("key").__aenter__().send(None)

    async def test_as_a_guest_of_asyncio(self) -> None:
        stepped = asyncio.get_running_loop().create_future()

        def step() -> None:
            with pytest.raises(WrongLoopError, match=self.MESSAGE):
                Currents("key").__aenter__().send(None)
            stepped.set_result(None)

        asyncio.get_running_loop().call_soon(step)
        await stepped


class TestInjectedSession:
    async def test_it_is_used_and_not_closed(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        run = project.run(specs=3)
        # The defaults of aiohttp: inflate on the loop, raise for status, keep cookies.
        async with aiohttp.ClientSession(
            raise_for_status=True, headers={"X-Team": "web"}
        ) as session:
            async with Currents(server.api_key, base_url=server.url, session=session) as currents:
                assert len(await currents.runs.get_instances(run.run_id)) == 3
                with pytest.raises(NotFoundError):
                    await currents.runs.get("unknown")
            assert not session.closed
        assert {request.headers["X-Team"] for request in server.requests} == {"web"}
        assert {request.headers["Accept-Encoding"] for request in server.requests} == {"gzip"}

    async def test_closed_by_its_owner(self, server: FakeCurrents) -> None:
        session = aiohttp.ClientSession()
        async with Currents(server.api_key, base_url=server.url, session=session) as currents:
            await session.close()
            with pytest.raises(ClientClosedError, match="session passed"):
                await currents.runs.get("r")


class KnowsNobody(AbstractResolver):
    """Resolve as a machine does whose name server knows no such name."""

    async def resolve(self, host: str, *_: object, **__: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, f"nobody is called {host}")

    async def close(self) -> None:
        pass


class TestConnection:
    async def test_nobody_listens(self, unused_port: int) -> None:
        async with Currents(KEY, base_url=f"http://127.0.0.1:{unused_port}") as currents:
            with pytest.raises(ConnectError, match="no connection") as caught:
                await currents.runs.get("r")
        assert caught.value.operation == "getRun"

    async def test_no_such_host(self) -> None:
        connector = aiohttp.TCPConnector(resolver=KnowsNobody())
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            Currents(KEY, base_url="https://host.invalid", session=session) as currents,
        ):
            with pytest.raises(ConnectError, match=r"no connection.*host\.invalid"):
                await currents.runs.get("r")

    async def test_a_certificate_nobody_signed(self, tls_server: str) -> None:
        async with Currents(KEY, base_url=tls_server) as currents:
            with pytest.raises(ConnectError, match=r"(?i)certificate"):
                await currents.runs.get("r")

    async def test_a_context_of_the_callers(
        self, tls_server: str, trusting: ssl.SSLContext
    ) -> None:
        async with Currents(KEY, base_url=tls_server, ssl=trusting) as currents:
            with pytest.raises(ServerError):  # the server was reached
                await currents.runs.get("r")

    @pytest.mark.parametrize(
        ("timeouts", "reason"),
        [(Timeouts(read=0.01), "Timeouts.read"), (Timeouts(total=0.01), "Timeouts.total")],
    )
    async def test_a_server_that_does_not_answer(
        self, server: FakeCurrents, timeouts: Timeouts, reason: str
    ) -> None:
        async def never(_: RecordedRequest) -> None:
            await asyncio.Event().wait()

        server.before_response = never
        async with Currents(server.api_key, base_url=server.url, timeouts=timeouts) as currents:
            with pytest.raises(RequestTimeoutError, match=reason):
                await currents.runs.get("r")
        await server.idle()

    async def test_redirects_and_cookies_are_not_followed_or_kept(
        self, server: FakeCurrents
    ) -> None:
        url = by_name(server.url)
        headers = {"Location": f"{url}/runs/other", "Set-Cookie": "a=b; Path=/"}
        server.fail("getRun", status=302, headers=headers)
        async with Currents(server.api_key, base_url=url) as currents:
            for error in (RedirectError, NotFoundError):  # the second answer is the server's own
                with pytest.raises(error):
                    await currents.runs.get("r")
        assert [request.path for request in server.requests] == ["/runs/r", "/runs/r"]
        assert all("Cookie" not in request.headers for request in server.requests)


def by_name(url: str) -> str:
    """Return a URL of this machine by its name: aiohttp keeps no cookies of addresses."""
    return url.replace("127.0.0.1", "localhost")


class TestSecrets:
    @pytest.fixture
    async def echo(self) -> AsyncIterator[str]:
        """Serve errors that quote the request's key in every place there is."""

        async def handle(request: web.Request) -> web.Response:
            key = request.headers["Authorization"]
            return web.json_response(
                {"status": "FAILED", "error": f"bad key {key}"},
                status=403,
                headers={"X-Request-Id": key},
            )

        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        await runner.cleanup()

    async def test_a_key_that_the_server_echoes(
        self, echo: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        async with Currents(KEY, base_url=echo) as currents:
            with pytest.raises(CurrentsError) as caught:
                await currents.runs.get("r")
        shown = shown_of(caught.value) + caplog.text
        assert "[API key]" in shown
        assert KEY not in shown

    @pytest.mark.parametrize(
        "query",
        [
            "X-Amz-Algorithm=AWS4&X-Amz-Credential=AKIA%2F1&X-Amz-Signature=5ec2e7",
            "Expires=17&Signature=5ec2e7~&Key-Pair-Id=K",
            "X-Goog-Signature=5ec2e7",
            "sv=2024&sig=5ec2e7%3D&se=2026",
        ],
    )
    async def test_a_signed_url_that_the_server_echoes(
        self, server: FakeCurrents, currents: Currents, query: str
    ) -> None:
        message = f"cannot read https://assets.example/v/1.mp4?{query}, sorry; see /docs?page=2"
        body = msgspec.json.encode({"status": "FAILED", "error": message})
        server.fail("getRun", status=400, body=body)
        with pytest.raises(CurrentsError) as caught:
            await currents.runs.get("r")
        shown = shown_of(caught.value)
        assert "5ec2e7" not in shown
        assert "assets.example/v/1.mp4?[signature]" in shown
        assert "see /docs?page=2" in shown

    async def test_a_key_that_a_failure_with_200_quotes(self, server: FakeCurrents) -> None:
        body = msgspec.json.encode({"status": "FAILED", "error": f"bad key {KEY}"})
        server.fail("getRun", status=200, body=body)
        async with Currents(KEY, base_url=server.url) as currents:
            with pytest.raises(CurrentsError, match=r"bad key \[API key\]") as caught:
                await currents.runs.get("r")
        assert KEY not in shown_of(caught.value) + repr(caught.value.__reduce__())

    async def test_middlewares_of_the_callers_do_not_see_the_key(
        self, server: FakeCurrents
    ) -> None:
        shown: list[str] = []

        async def watch(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            shown.append(repr(request.headers))
            response = await handler(request)
            shown.extend([repr(request.headers), repr(response.request_info)])
            return response

        async with (
            aiohttp.ClientSession(middlewares=[watch]) as session,
            Currents(server.api_key, base_url=server.url, session=session) as currents,
        ):
            with pytest.raises(NotFoundError):
                await currents.runs.get("r")
        assert server.requests[0].authorized
        assert len(shown) == 3
        assert server.api_key not in "".join(shown)

    @pytest.mark.parametrize("cut", range(990, 1_001))
    async def test_a_key_at_the_end_of_a_message_that_is_cut(
        self, server: FakeCurrents, cut: int
    ) -> None:
        body = msgspec.json.encode({"status": "FAILED", "error": "x" * cut + KEY})
        server.fail("getRun", status=400, body=body)
        async with Currents(KEY, base_url=server.url) as currents:
            with pytest.raises(CurrentsError) as caught:
                await currents.runs.get("r")
        assert KEY[:4] not in shown_of(caught.value)

    async def test_nothing_that_is_alive_during_a_request_shows_the_key(
        self, server: FakeCurrents, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The key is in a request only while its head is written."""
        caplog.set_level(logging.DEBUG)
        shown: list[str] = []

        async def look(_: RecordedRequest) -> None:
            awaited: Any = calling.get_coro()
            while awaited is not None:
                if inspect.iscoroutine(awaited):
                    assert awaited.cr_frame is not None
                    for value in awaited.cr_frame.f_locals.values():
                        if isinstance(value, str | bytes | list | tuple | Mapping):
                            shown.append(repr(value))
                        elif isinstance(value, aiohttp.ClientRequest):
                            shown.append(repr(value.headers))
                    awaited = awaited.cr_await
                else:  # what `__await__` returned, around a coroutine or at the end
                    inner = filter(inspect.iscoroutine, gc.get_referents(awaited))
                    awaited = next(inner, None)

        server.before_response = look
        async with Currents(server.api_key, base_url=server.url) as currents:
            calling = asyncio.create_task(currents.runs.get("r"))
            with pytest.raises(NotFoundError):
                await calling
            assert server.requests[0].authorized
            shown += [repr(vars(currents)), repr(vars(currents._channel))]
        assert len(shown) > 10
        assert server.api_key not in "".join(shown) + caplog.text

    async def test_a_netrc_does_not_get_in_the_way(
        self, echo: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """With `trust_env` aiohttp looks for credentials there, and does not like to find two."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login other password other\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        async with aiohttp.ClientSession(trust_env=True) as session:
            response = await session.get(echo)
            assert "bad key Basic " in await response.text()
            for theirs in (session, None):
                async with Currents(KEY, base_url=echo, session=theirs, trust_env=True) as currents:
                    with pytest.raises(ForbiddenError, match=r"bad key Bearer \[API key\]"):
                        await currents.runs.get("r")

    async def test_errors_of_the_connection(self, unused_port: int) -> None:
        async with Currents(KEY, base_url=f"http://127.0.0.1:{unused_port}") as currents:
            with pytest.raises(CurrentsError) as caught:
                await currents.runs.get("r")
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None
        assert KEY not in shown_of(caught.value)

    async def test_the_client_itself(self) -> None:
        currents = Currents(KEY)
        parts = [currents, currents.runs, currents._transport, vars(currents._transport)]
        assert all(KEY not in repr(part) for part in parts)
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(currents)
        await currents.aclose()

    @pytest.mark.parametrize("where", ["argument", "environment"])
    def test_a_key_that_cannot_be_used(self, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
        bad = KEY + "\n"
        if where == "environment":
            monkeypatch.setenv("CURRENTS_API_KEY", bad)
        with pytest.raises(InvalidArgumentError, match="CURRENTS_API_KEY") as caught:
            Currents(bad if where == "argument" else None)
        assert KEY not in shown_of(caught.value)


def shown_of(error: BaseException) -> str:
    """Everything a log, a crash report or a pickle would show of an error."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    # The frames of this test hold the key because the test does.
    report.stack = traceback.StackSummary.from_list([
        frame for frame in report.stack if "currents_async" in frame.filename
    ])
    return "".join(report.format()) + repr(error) + repr(vars(error)) + repr(pickle.dumps(error))


class TestTracing:
    async def test_each_attempt_is_seen(self, server: FakeCurrents, project: WorldProject) -> None:
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

    async def test_the_whole_call_is_seen(self, server: FakeCurrents) -> None:
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

    async def test_a_key_that_the_server_echoes_is_not_traced(self, server: FakeCurrents) -> None:
        headers = {"X-Request-Id": KEY}
        body = b'{"status":"FAILED","error":"bad key %s"}' % KEY.encode()
        server.fail("getRun", status=403, headers=headers, body=body)
        seen: list[RequestAttempt] = []
        async with Currents(KEY, base_url=server.url, observer=seen.append) as currents:
            with pytest.raises(ForbiddenError):
                await currents.runs.get("r")
        [attempt] = seen
        assert KEY not in repr(attempt) + shown_of(attempt.error or Exception())
        assert attempt.request_id == "[API key]"
