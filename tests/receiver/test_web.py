"""The receiver behind aiohttp.web, over real sockets."""

import asyncio
import gzip
import os
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from currents_async import Currents, InvalidArgumentError
from currents_async import receiver as receiver_package
from currents_async.receiver import Receiver, Router, RunEvent
from currents_async.receiver.web import setup_webhooks, webhook_handler
from currents_async.testing import ManualClock, WorldProject
from tests.documentation import fenced
from tests.receiver.deliveries import SECRET, VALID, body, headers, verifier

pytestmark = pytest.mark.usefixtures("no_task_is_left")

MANY = 250


class Serving:
    """An application on a loopback port, and a client of it."""

    def __init__(self, runner: web.AppRunner, session: aiohttp.ClientSession) -> None:
        self.runner = runner
        self.port: int = runner.addresses[0][1]
        self._session = session

    async def post(
        self, content: Any, given: dict[str, str] = VALID, path: str = "/webhooks/currents"
    ) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self._session.post(url, data=content, headers=given) as response:
            assert (response.status == 503) == ("Retry-After" in response.headers)
            return response.status, await response.text()

    async def send(self, sent: bytes, given: dict[str, str] = VALID) -> bytes:
        """Send the head of a request and a part of its body; return the first line received."""
        async with self.sending(sent, given) as (reader, _):
            return await reader.readline()

    @asynccontextmanager
    async def sending(
        self, sent: bytes, given: dict[str, str] = VALID
    ) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Send the head of a request and a part of its body, and disconnect at the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "x", **given}.items())
        writer.write(b"POST /webhooks/currents HTTP/1.1\r\n" + head.encode() + sent)
        async with asyncio.timeout(5):
            yield reader, writer
        writer.transport.abort()


@asynccontextmanager
async def serve(app: web.Application) -> AsyncGenerator[Serving]:
    # What a test leaves unsent or unread must not be waited for.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01, lingering_time=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    connector = aiohttp.TCPConnector(limit=250)
    try:
        async with aiohttp.ClientSession(connector=connector) as session:
            yield Serving(runner, session)
    finally:
        await runner.cleanup()
        await asyncio.sleep(0)


class Handled:
    """A router whose handler counts events, and waits for a gate."""

    def __init__(self) -> None:
        self.router = Router()
        self.router.on(RunEvent)(self._handle)
        self.runs = Counter[str | None]()
        self.gate = asyncio.Event()

    async def _handle(self, event: RunEvent) -> None:
        await self.gate.wait()
        await asyncio.sleep(0)
        self.runs[event.run_id] += 1


async def test_many_at_once_a_full_queue_and_a_shutdown() -> None:
    """Each accepted event is handled once; refused ones are not, and can be sent again."""
    handled = Handled()
    checking = verifier()
    first = Receiver(checking, handled.router, concurrency=4, queue=50)
    second = Receiver(checking, handled.router, concurrency=4, queue=MANY)
    app = web.Application()
    app.router.add_post("/first", webhook_handler(first))
    app.router.add_post("/second", webhook_handler(second))
    responses: dict[str, tuple[int, str]] = {}
    leaving: list[asyncio.Task[None]] = []

    async with serve(app) as serving:

        async def post(run_id: str) -> None:
            responses[run_id] = await serving.post(body(run_id=run_id), path="/first")
            if len(responses) == 100:
                handled.gate.set()
            elif len(responses) == 175:
                leaving.append(asyncio.create_task(first.__aexit__(None, None, None)))

        await first.__aenter__()
        await asyncio.gather(*(post(str(number)) for number in range(10, MANY)))
        # The last to be answered may all have been refused before: some come behind it for sure.
        await asyncio.gather(*(post(str(number)) for number in range(10)))
        [task] = leaving
        await task

        assert len(responses) == MANY
        assert set(responses.values()) == {
            (202, "accepted"),
            (503, "too busy"),
            (503, "shutting down"),
        }
        accepted = [run_id for run_id, (status, _) in responses.items() if status == 202]
        assert handled.runs == Counter(accepted)

        async with second:
            posts = (serving.post(body(run_id=run_id), path="/second") for run_id in responses)
            statuses = Counter(status for status, _ in await asyncio.gather(*posts))
        assert statuses == {200: len(accepted), 202: MANY - len(accepted)}
    assert handled.runs == Counter(list(responses))


async def test_the_application_drains_on_shutdown() -> None:
    handled = Handled()
    app = web.Application()
    receiver = Receiver(verifier(), handled.router, concurrency=2, clock=ManualClock(auto=False))
    setup_webhooks(app, receiver, "/hook")
    async with serve(app) as serving:
        runs = [str(number) for number in range(20)]
        posts = (serving.post(body(run_id=run_id), path="/hook") for run_id in runs)
        assert {status for status, _ in await asyncio.gather(*posts)} == {202}
        assert (await serving.post(body(), path="/webhooks/currents"))[0] == 404
        assert (receiver.pending, handled.runs) == (20, {})
        asyncio.get_running_loop().call_later(0.05, handled.gate.set)
    assert handled.runs == Counter(runs)


@asynccontextmanager
async def receiving(
    *, client_max_size: int = 1024**2, body_timeout: float = 5, **options: Any
) -> AsyncGenerator[tuple[Serving, Handled]]:
    handled = Handled()
    handled.gate.set()
    app = web.Application(client_max_size=client_max_size)
    receiver = Receiver(verifier(**options), handled.router, body_timeout=body_timeout)
    setup_webhooks(app, receiver)
    async with serve(app) as serving:
        yield serving, handled


async def test_the_documented_example(
    currents: Currents,
    project: WorldProject,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = project.run(specs=2, failures=0)
    monkeypatch.setenv("CURRENTS_WEBHOOK_SECRET", SECRET)
    [example] = fenced("python", receiver_package.__doc__ or "")
    names: dict[str, Any] = {"currents": currents, "os": os, "web": web}
    names |= {name: getattr(receiver_package, name) for name in receiver_package.__all__}
    names["setup_webhooks"] = setup_webhooks
    exec(example, names)  # noqa: S102 - our own words
    async with serve(names["app"]) as serving:
        given = headers(at=time.time())
        assert (await serving.post(body(run_id=run.run_id), given))[0] == 202
    assert capsys.readouterr().out == f"PASSED https://app.currents.dev/run/{run.run_id}\n"


class TestResponses:
    async def test_each(self) -> None:
        async with receiving() as (serving, handled):
            assert await serving.post(body()) == (202, "accepted")
            assert (await serving.post(body()))[0] == 200
            assert (await serving.post(body(), headers("wrong")))[0] == 401
            assert (await serving.post(body(), headers(at=1)))[0] == 400
            assert (await serving.post(b"{}"))[0] == 400
        assert handled.runs.total() == 1

    async def test_only_posts(self) -> None:
        async with receiving() as (serving, _), aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{serving.port}/webhooks/currents"
            async with session.get(url, headers=VALID) as response:
                assert response.status == 405

    async def test_a_repeated_secret(self) -> None:
        async with receiving() as (serving, _):
            content = body()
            twice = b"x-secret: other\r\nContent-Length: %d\r\n\r\n" % len(content) + content
            assert b" 401 " in await serving.send(twice)


class TestSizes:
    async def test_the_limit_is_the_receivers_own(self) -> None:
        async with receiving(client_max_size=10, max_body=3_000_000) as (serving, handled):
            content = body()
            content += b" " * (3_000_000 - len(content))
            assert (await serving.post(BytesIO(content + b" ")))[0] == 413
            assert (await serving.post(BytesIO(content)))[0] == 202
        assert handled.runs.total() == 1

    async def test_refused_by_its_length_before_it_comes(self) -> None:
        async with receiving() as (serving, _):
            assert b" 413 " in await serving.send(b"Content-Length: 1048577\r\n\r\n")

    async def test_refused_without_a_length_while_it_comes(self) -> None:
        async with receiving(max_body=1000) as (serving, _):
            chunk = b"%x\r\n%s\r\n" % (1001, b" " * 1001)
            assert b" 413 " in await serving.send(b"Transfer-Encoding: chunked\r\n\r\n" + chunk)

    async def test_a_gzip_bomb(self) -> None:
        async with receiving() as (serving, _):
            bomb = gzip.compress(b" " * 5_000_000)
            given = {**VALID, "Content-Encoding": "gzip"}
            assert (await serving.post(bomb, given))[0] == 413

    async def test_broken_gzip(self) -> None:
        async with receiving() as (serving, handled):
            head = b"Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n"
            assert b" 400 " in await serving.send(head + b"0123456789")
        assert handled.runs.total() == 0


class TestStrangers:
    """Clients without the secret, which send anything or nothing."""

    FORGED = headers("wrong")

    async def test_a_body_that_is_announced_is_refused_at_the_headers(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with receiving() as (serving, _):
            head = b"Content-Length: 1048576\r\n\r\n"
            async with serving.sending(head, self.FORGED) as (reader, _writer):
                response = await reader.read()  # to the end: the connection is closed
        assert response.startswith(b"HTTP/1.1 401 ")
        assert b"Connection: close" in response
        assert [record.message for record in caplog.records] == [
            "refused a delivery with 401: the delivery does not carry the secret"
        ]

    async def test_a_hundred_bodies_that_stall(self, caplog: pytest.LogCaptureFixture) -> None:
        async with receiving() as (serving, _):
            sent = b"Content-Length: 1048576\r\n\r\n" + b" " * 10_000
            lines = await asyncio.gather(*(serving.send(sent, self.FORGED) for _ in range(100)))
        assert {line[:12] for line in lines} == {b"HTTP/1.1 401"}
        assert len(caplog.records) == 60
        assert not any(record.exc_info for record in caplog.records)

    async def test_huge_headers(self, caplog: pytest.LogCaptureFixture) -> None:
        async with receiving() as (serving, _):
            sent = b"X-Junk: " + b"a" * 100_000 + b"\r\n\r\n"
            assert b" 400 " in await serving.send(sent, self.FORGED)
            assert (await serving.post(body()))[0] == 202
        assert SECRET not in caplog.text


class TestBodiesThatDoNotCome:
    @pytest.mark.parametrize(
        "sent",
        [
            b"Content-Length: 9\r\n\r\n",
            b"Content-Length: 9\r\n\r\n{",
            b"Transfer-Encoding: chunked\r\n\r\n9\r\n{",
        ],
    )
    async def test_they_are_not_waited_for(self, sent: bytes) -> None:
        async with receiving(body_timeout=0.05) as (serving, _):
            assert b" 408 " in await serving.send(sent)

    async def test_a_client_that_disconnects_leaves_one_line(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with receiving() as (serving, handled):
            async with serving.sending(b"Content-Length: 9\r\n\r\n{") as (_, writer):
                await writer.drain()
                await asyncio.sleep(0)
            while not caplog.records:  # noqa: ASYNC110 - a log cannot be awaited
                await asyncio.sleep(0)
        [record] = caplog.records
        assert record.message.startswith("refused a delivery with 400: the body broke off: ")
        assert record.exc_info is None
        assert handled.runs.total() == 0


class TestExpect:
    """A client that waits for `100 Continue`, as curl does."""

    HEAD = b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n"

    async def test_a_stranger_is_not_asked_for_the_body(self) -> None:
        async with receiving() as (serving, _):
            line = await serving.send(self.HEAD % 9, headers("wrong"))
            assert line.startswith(b"HTTP/1.1 401")

    async def test_a_client_with_the_secret_is(self) -> None:
        content = body()
        async with (
            receiving() as (serving, _),
            serving.sending(self.HEAD % len(content)) as (reader, writer),
        ):
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(content)
            assert (await reader.readline()).startswith(b"HTTP/1.1 202")


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "asked"),
        [
            ("/{x", "/{x"),
            ("/{x", "/%7Bx"),
            ("/{x}/hook", "/{x}/hook"),
            ("/a b", "/a%20b"),
            ("/a%20b", "/a%20b"),
            ("/é", "/%C3%A9"),
            ("/", "/"),
        ],
    )
    async def test_paths_are_literal(self, path: str, asked: str) -> None:
        app = web.Application()
        setup_webhooks(app, Receiver(verifier(), Router()), path)
        async with serve(app) as serving:
            assert (await serving.post(body(), path=asked))[0] == 202
            assert (await serving.post(body(), path="/anything/hook"))[0] == 404

    @pytest.mark.parametrize("path", ["", "hook", "/hook?x=1", "/hook#x"])
    def test_invalid_paths_are_refused(self, path: str) -> None:
        with pytest.raises(InvalidArgumentError, match="path must begin with a slash"):
            setup_webhooks(web.Application(), Receiver(verifier(), Router()), path)
