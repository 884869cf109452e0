"""When a client is open, which loop it belongs to, and whose session it uses."""

import asyncio
import gc
from collections.abc import Awaitable, Callable

import aiohttp
import anyio
import pytest

from currents_async import ClientClosedError, Currents, NotFoundError, WrongLoopError
from currents_async.testing import FakeCurrents, RecordedRequest, WorldProject

KEY = "sk-a-very-secret-key"


class TestLifeCycle:
    async def test_a_client_must_be_opened(self, server: FakeCurrents) -> None:
        currents = Currents(server.api_key, base_url=server.url)
        with pytest.raises(ClientClosedError, match="not open"):
            await currents.runs.get("r")
        assert repr(currents) == f"<Currents {server.url} new>"

    async def test_it_is_opened_without_a_block(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        run_id = project.run(specs=1).run_id
        currents = Currents(server.api_key, base_url=server.url)
        assert await currents.open() is currents
        assert (await currents.runs.get(run_id)).run_id == run_id
        with pytest.raises(ClientClosedError, match="already open"):
            await currents.open()
        await currents.aclose()
        with pytest.raises(ClientClosedError, match="create another one"):
            await currents.open()

    @pytest.mark.usefixtures("only_new_garbage")
    async def test_one_that_is_dropped_while_it_is_open_says_so(
        self, server: FakeCurrents, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with aiohttp.ClientSession() as session:  # or else aiohttp complains too
            await Currents(server.api_key, base_url=server.url, session=session).open()
            async with Currents(server.api_key, base_url=server.url, session=session):
                pass
            Currents(server.api_key, base_url=server.url)
            gc.collect()
        [message] = caplog.messages
        assert message.startswith("a client was dropped while it was open: use 'async with'")

    async def test_a_closed_client_cannot_be_used(self, server: FakeCurrents) -> None:
        async with Currents(server.api_key, base_url=server.url) as currents:
            assert repr(currents) == f"<Currents {server.url} open>"
        with pytest.raises(ClientClosedError, match="has been closed"):
            await currents.runs.get("r")
        with pytest.raises(ClientClosedError, match="create another"):
            await currents.__aenter__()
        await currents.aclose()
        assert repr(currents) == f"<Currents {server.url} closed>"
        assert server.requests == []

    async def test_a_client_cannot_be_entered_twice(self, currents: Currents) -> None:
        with pytest.raises(ClientClosedError, match="already open"):
            await currents.__aenter__()

    async def test_a_client_that_was_never_open_can_be_closed(self) -> None:
        currents = Currents(KEY)
        await currents.aclose()
        with pytest.raises(ClientClosedError):
            await currents.__aenter__()

    async def test_any_task_of_the_loop_can_use_it(
        self, currents: Currents, project: WorldProject
    ) -> None:
        run = project.run(specs=1)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(currents.runs.get(run.run_id)) for _ in range(40)]
        assert {task.result().run_id for task in tasks} == {run.run_id}

    async def test_another_loop_cannot_use_it(
        self, server: FakeCurrents, currents: Currents
    ) -> None:
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
    async def test_a_cancelled_task_leaves_no_session_open(
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

    def test_without_an_asyncio_loop(self) -> None:
        with pytest.raises(WrongLoopError, match=self.MESSAGE):
            Currents("key").__aenter__().send(None)

    async def test_as_a_guest_of_an_asyncio_loop(self) -> None:
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

    async def test_a_session_closed_by_its_owner_is_reported(self, server: FakeCurrents) -> None:
        session = aiohttp.ClientSession()
        async with Currents(server.api_key, base_url=server.url, session=session) as currents:
            await session.close()
            with pytest.raises(ClientClosedError, match="session passed"):
                await currents.runs.get("r")
