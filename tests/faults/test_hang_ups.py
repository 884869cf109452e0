"""A web service that streams what it fetches, and whose client hangs up in the middle."""

# ruff: noqa: ASYNC119 - a `yield` in a context is what people write

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from currents_async import Currents, Limits
from currents_async.testing import FakeCurrents, RecordedRequest, WorldProject, WorldRun

PLENTY = 2_000
"""Of each item: what the sockets between take in is soon full."""

Reading = Callable[[Currents, WorldRun], AsyncGenerator[str]]


async def specs(currents: Currents, run: WorldRun) -> AsyncGenerator[str]:
    async with currents.runs.stream(run.run_id) as specs:
        async for spec in specs:
            yield f"{spec.spec}\n" * PLENTY


async def instances(currents: Currents, run: WorldRun) -> AsyncGenerator[str]:
    async with currents.runs.instances(run.run_id) as results:
        async for result in results:
            yield f"{result.instance_id}\n" * PLENTY


async def runs(currents: Currents, run: WorldRun) -> AsyncGenerator[str]:
    async with currents.runs.list(run.project_id, page_size=1, prefetch=True) as listed:
        async for one in listed:
            yield f"{one.run_id}\n" * PLENTY


class Server(uvicorn.Server):
    """Answers requests by a stream, and tells when it is done with the first of them.

    Up to version 2.3 of ASGI a server says that the client is gone when it is asked for more of
    the request, and what streams is cancelled. Since 2.4 sending fails: the stream is left there.
    """

    def __init__(self, stream: Callable[[], AsyncIterator[str]], version: str) -> None:
        self.is_up = asyncio.Event()
        self.is_done = asyncio.Event()
        self.cancellations: list[int] = []
        self._app = FastAPI()
        self._version = version

        @self._app.get("/")
        async def answer() -> StreamingResponse:
            return StreamingResponse(stream(), media_type="text/plain")

        super().__init__(
            uvicorn.Config(self._answer, interface="asgi3", port=0, log_config=None, lifespan="off")
        )

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        scope["asgi"]["spec_version"] = self._version
        leaving = asyncio.create_task(gone(receive)) if self._version == "2.4" else None

        async def send_or_fail(message: Any) -> None:
            await send(message)
            if leaving is not None and leaving.done():
                raise OSError("the client is gone")

        task = asyncio.current_task()
        assert task is not None
        try:
            with suppress(ClientDisconnect):
                await self._app(scope, receive, send_or_fail)
            # What the task does next is not cancelled.
            for _ in range(50):
                await asyncio.sleep(0)
        finally:
            if leaving is not None:
                leaving.cancel()
            self.cancellations.append(task.cancelling())
            self.is_done.set()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    @property
    def url(self) -> str:
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"


async def gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@asynccontextmanager
async def serving(stream: Callable[[], AsyncIterator[str]], version: str) -> AsyncGenerator[Server]:
    server = Server(stream, version)
    serving = asyncio.create_task(server.serve())
    try:
        await server.is_up.wait()
        yield server
    finally:
        server.should_exit = True
        await serving


def hold_back(server: FakeCurrents, operation: str, after: int) -> None:
    """Answer so many requests, and no other one of the kind."""

    async def hold(request: RecordedRequest) -> None:
        if len([one for one in server.requests if one.operation == operation]) > after:
            await asyncio.Event().wait()

    server.before_response = hold


@pytest.mark.parametrize("version", ["2.3", "2.4"])
@pytest.mark.parametrize(
    ("reading", "operation"),
    [(specs, None), (instances, "getInstance"), (runs, "listProjectRuns")],
)
async def test_a_client_that_hangs_up_ends_only_its_own_stream(
    server: FakeCurrents,
    project: WorldProject,
    reading: Reading,
    operation: str | None,
    version: str,
) -> None:
    small, *_ = [project.run(specs=1) for _ in range(4)]
    run = project.run(specs=200, tests=1)
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    if operation is not None and version == "2.3":
        hold_back(server, operation, after=2)
    async with (
        Currents(server.api_key, base_url=server.url, limits=Limits(concurrency=3)) as currents,
        serving(lambda: reading(currents, run), version) as service,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        async with client.stream("GET", service.url) as response:
            await anext(response.aiter_lines())
        await service.is_done.wait()
        assert service.cancellations == [0]
        async with asyncio.timeout(20):
            while busy():  # noqa: ASYNC110 - bounded above
                await asyncio.sleep(0)
            await server.idle()
        server.before_response = None
        # Every slot is there again, and the service goes on.
        found = await asyncio.gather(*(currents.runs.get(small.run_id) for _ in range(3)))
        assert {one.run_id for one in found} == {small.run_id}
        whole = await client.get(service.url)
        assert len(set(whole.text.splitlines())) == (5 if reading is runs else 200)
    assert told == []


def busy() -> set["asyncio.Task[Any]"]:
    kinds = "currents_async/_", "async_generator_athrow"
    return {task for task in asyncio.all_tasks() if any(kind in repr(task) for kind in kinds)}
