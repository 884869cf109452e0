import asyncio
import json
import pickle
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec
import pytest
from aiohttp import web

from currents_async import Currents, InvalidArgumentError, MisuseError
from currents_async.models import HookEvent
from currents_async.testing import Delivery, FakeCurrents, ManualClock, World, WorldProject
from tests.support import RUN

pytestmark = pytest.mark.usefixtures("no_task_is_left")

NOW = 1_767_690_000.5
SECRET = "s3cret größe"
COUNTERS = ("overall", "passes", "failures", "pending", "skipped", "retries", "flaky")


class Posted(NamedTuple):
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """An app that is called, and responds with 202 or as `respond` does."""

    def __init__(self) -> None:
        self.url = ""
        self.posted: list[Posted] = []
        self.respond: Callable[[web.Request], Awaitable[web.StreamResponse]] = accept

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.Request)
        assert request.method == "POST"
        self.posted.append(Posted(request.path, request.headers, await request.read()))
        return await self.respond(request)


async def accept(_: web.Request) -> web.StreamResponse:
    return web.Response(status=202)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield receiver
    await runner.cleanup()


@pytest.fixture
async def server(world: World) -> AsyncIterator[FakeCurrents]:
    async with FakeCurrents(world, clock=ManualClock(auto=False, wall=NOW)) as server:
        yield server


class TestWebhooks:
    async def test_those_that_want_the_event_are_called(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, receiver: Receiver
    ) -> None:
        run = project.run(specs=3)
        mine, other = project.project_id, server.world.project().project_id
        hooks: list[tuple[str, list[HookEvent], str]] = [
            ("a", [HookEvent.RUN_FINISH, HookEvent.RUN_TIMEOUT], mine),
            ("b", [HookEvent.RUN_FINISH], mine),
            ("c", [HookEvent.RUN_START], mine),
            ("d", [], mine),
            ("e", [HookEvent.RUN_FINISH], other),
        ]
        for path, events, owner in hooks:
            await currents.webhooks.create(
                receiver.url + path, hook_events=events, project_id=owner
            )
        deliveries = await server.emit(run, "RUN_FINISH")
        assert [one.url.removeprefix(receiver.url) for one in deliveries] == ["a", "b"]
        assert sorted(one.path for one in receiver.posted) == ["/a", "/b"]
        assert [(one.event, one.status, one.error) for one in deliveries] == [
            ("RUN_FINISH", 202, None)
        ] * 2
        (timed_out,) = await server.emit(run, "RUN_TIMEOUT")
        assert receiver.posted[-1].json["event"] == "RUN_TIMEOUT"
        assert await server.emit(run, "RUN_CANCELED") == []
        assert server.deliveries == [*deliveries, timed_out]

    async def test_headers(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, receiver: Receiver
    ) -> None:
        run = project.run(specs=1)
        await currents.webhooks.create(
            receiver.url,
            headers={"X-Secret": SECRET, "X-Timestamp": "hers"},
            hook_events=["RUN_START"],
            project_id=project.project_id,
        )
        await server.emit(run, "RUN_START")
        await server.emit(run, "RUN_START", headers={"x-secret": "other", "X-More": "1"})
        plain, changed = (one.headers for one in receiver.posted)
        assert plain["x-secret"] == SECRET
        assert plain["x-timestamp"] == "hers"
        assert plain["content-type"] == "application/json"
        assert changed.getall("x-secret") == ["other"]  # type: ignore[attr-defined]
        assert changed["x-more"] == "1"

    async def test_the_time(
        self, server: FakeCurrents, project: WorldProject, receiver: Receiver
    ) -> None:
        run = project.run(specs=1)
        await server.emit(run, "RUN_START", to=receiver.url)
        server.clock.advance(minutes=1)
        await server.emit(run, "RUN_FINISH", to=receiver.url)
        await server.emit(run, "RUN_FINISH", to=receiver.url, timestamp=12)
        await server.emit(run, "RUN_FINISH", to=receiver.url, timestamp="soon")
        found = [one.headers["x-timestamp"] for one in receiver.posted]
        assert found == ["1767690000500", "1767690060500", "12", "soon"]

    async def test_nothing_is_posted_by_itself(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, receiver: Receiver
    ) -> None:
        run = project.run(specs=2, unclaimed=1)
        await currents.webhooks.create(
            receiver.url, hook_events=["RUN_CANCELED"], project_id=project.project_id
        )
        await currents.runs.cancel(run.run_id)
        assert not receiver.posted
        assert not server.deliveries


class TestBody:
    @pytest.mark.parametrize("framework", ["playwright", "cypress"])
    async def test_the_whole_body(
        self, server: FakeCurrents, project: WorldProject, receiver: Receiver, framework: Any
    ) -> None:
        run = project.run(
            specs=30, framework=framework, failures=4, flaky=3, tags=["nightly"], groups=2
        )
        await server.emit(run, "RUN_FINISH", to=receiver.url)
        (posted,) = receiver.posted
        body = posted.json
        commit = {"defaultBranch": None, **run.payload["meta"]["commit"]}
        assert {name: body.pop(name) for name in COUNTERS} == {
            "overall": sum(spec.tests for spec in run.specs),
            "passes": sum(spec.passes for spec in run.specs),
            "failures": 4,
            "pending": sum(spec.pending for spec in run.specs),
            "skipped": sum(spec.skipped for spec in run.specs),
            "retries": sum(group["tests"]["retries"] for group in run.payload["groups"]),
            "flaky": 3,
        }
        assert body == {
            "event": "RUN_FINISH",
            "runUrl": f"https://app.currents.dev/run/{run.run_id}",
            "buildId": run.ci_build_id,
            "tags": ["nightly"],
            "commit": commit,
        }

    async def test_a_run_in_progress(
        self, server: FakeCurrents, project: WorldProject, receiver: Receiver
    ) -> None:
        claimed = project.run(specs=5, unclaimed=2)
        waiting = project.run(specs=2, unclaimed=2)
        await server.emit(claimed, "RUN_START", to=receiver.url)
        await server.emit(waiting, "RUN_START", to=receiver.url)
        one, two = (posted.json for posted in receiver.posted)
        assert one["overall"] == sum(spec.tests for spec in claimed.specs) > 0
        assert {two[name] for name in COUNTERS} == {0}

    async def test_of_a_group(
        self, server: FakeCurrents, project: WorldProject, receiver: Receiver
    ) -> None:
        run = project.run(specs=10, groups=2)
        for group in run.payload["groups"]:
            await server.emit(run, "RUN_FINISH", to=receiver.url, group_id=group["groupId"])
            body = receiver.posted[-1].json
            assert body["groupId"] == group["groupId"]
            assert {name: body[name] for name in COUNTERS} == {
                name: group["tests"][name] for name in COUNTERS
            }
        with pytest.raises(InvalidArgumentError, match="has no group 'nope'"):
            await server.emit(run, "RUN_FINISH", to=receiver.url, group_id="nope")

    async def test_of_a_bare_payload(
        self, server: FakeCurrents, world: World, receiver: Receiver
    ) -> None:
        payload = {**RUN, "createdAt": "2026-01-06T09:00:00.000Z"}
        await server.emit(world.add_run_payload(payload), "RUN_FINISH", to=receiver.url)
        body = receiver.posted[0].json
        assert body["buildId"] is None
        assert set(body["commit"].values()) == {None}
        assert body["tags"] == []
        assert {body[name] for name in COUNTERS} == {0}

    async def test_an_unknown_event(
        self, server: FakeCurrents, project: WorldProject, receiver: Receiver
    ) -> None:
        run = project.run(specs=1)
        await server.emit(run, "RUN_PAUSED", to=receiver.url)
        assert receiver.posted[0].json["event"] == "RUN_PAUSED"
        with pytest.raises(InvalidArgumentError, match=r"event must be one of .*'RUN_FINISH'"):
            await server.emit(run, "RUN_PAUSED")


class TestFailures:
    async def emit(self, server: FakeCurrents, to: str, **options: Any) -> Delivery:
        run = server.world.project().run(specs=1)
        (delivery,) = await server.emit(run, "RUN_FINISH", to=to, **options)
        assert server.deliveries == [delivery]
        return delivery

    async def test_a_status(self, server: FakeCurrents, receiver: Receiver) -> None:
        async def refuse(_: web.Request) -> web.StreamResponse:
            return web.Response(status=401, text="x" * 1_000_000)

        receiver.respond = refuse
        delivery = await self.emit(server, receiver.url)
        assert (delivery.status, delivery.error) == (401, None)

    async def test_a_redirect_is_not_followed(
        self, server: FakeCurrents, receiver: Receiver
    ) -> None:
        async def move(_: web.Request) -> web.StreamResponse:
            return web.Response(status=307, headers={"Location": "/elsewhere"})

        receiver.respond = move
        assert (await self.emit(server, receiver.url)).status == 307
        assert len(receiver.posted) == 1

    async def test_nothing_listens(self, server: FakeCurrents, unused_port: int) -> None:
        delivery = await self.emit(server, f"http://127.0.0.1:{unused_port}/")
        assert delivery.status is None
        assert "ClientConnectorError" in str(delivery.error)

    async def test_no_response(self, server: FakeCurrents, receiver: Receiver) -> None:
        async def stall(_: web.Request) -> web.StreamResponse:
            await asyncio.Event().wait()
            raise AssertionError

        receiver.respond = stall
        delivery = await self.emit(server, receiver.url, timeout=0.05)
        assert (delivery.status, delivery.error) == (None, "no response within 0.05 s")

    async def test_a_response_without_end(self, server: FakeCurrents, receiver: Receiver) -> None:
        async def endless(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(status=202)
            await response.prepare(request)
            await response.write(b"x")
            await asyncio.Event().wait()
            raise AssertionError

        receiver.respond = endless
        delivery = await self.emit(server, receiver.url, timeout=0.05)
        assert delivery.error == "no response within 0.05 s"

    async def test_a_connection_that_breaks(self, server: FakeCurrents, receiver: Receiver) -> None:
        async def hang_up(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        receiver.respond = hang_up
        delivery = await self.emit(server, receiver.url)
        assert delivery.status is None
        assert "ServerDisconnectedError" in str(delivery.error)

    @pytest.mark.parametrize("url", ["", "nope", "ftp://127.0.0.1/", "http://", "http://[::1"])
    async def test_no_url(self, server: FakeCurrents, url: str) -> None:
        delivery = await self.emit(server, url)
        assert delivery.status is None
        assert delivery.error

    async def test_a_header_that_cannot_be_sent(
        self, server: FakeCurrents, receiver: Receiver
    ) -> None:
        delivery = await self.emit(server, receiver.url, headers={"X-Secret": "a\r\nb"})
        assert delivery.error
        assert receiver.posted == []

    async def test_one_that_fails_among_others(
        self, server: FakeCurrents, project: WorldProject, receiver: Receiver, unused_port: int
    ) -> None:
        run = project.run(specs=1)
        for number, url in enumerate((receiver.url, f"http://127.0.0.1:{unused_port}/")):
            fields = {"url": url, "hookEvents": ["RUN_FINISH"]}
            server.world.webhooks.add(project.project_id, fields, number)
        assert [one.status for one in await server.emit(run, "RUN_FINISH")] == [202, None]


class TestDelivery:
    async def test_a_delivery_is_repeated_unchanged(
        self, server: FakeCurrents, project: WorldProject, receiver: Receiver
    ) -> None:
        run = project.run(specs=1)
        (first,) = await server.emit(run, "RUN_FINISH", to=receiver.url, headers={"X-Secret": "s"})
        server.clock.advance(hours=1)
        run.cancel()
        second = await server.redeliver(first)
        assert second == first
        assert server.deliveries == [first, second]
        once, again = receiver.posted
        assert once.body == again.body == first.body
        assert once.headers == again.headers
        assert first.headers["x-timestamp"] == "1767690000500"

    async def test_shows_no_secret(self, server: FakeCurrents, receiver: Receiver) -> None:
        run = server.world.project().run(specs=1)
        (delivery,) = await server.emit(
            run, "RUN_FINISH", to=receiver.url, headers={"X-Secret": SECRET}
        )
        assert delivery.headers["X-Secret"] == SECRET
        assert repr(delivery) == (
            f"Delivery(url={receiver.url!r}, event='RUN_FINISH', status=202, error=None)"
        )
        assert SECRET not in repr(delivery.__rich_repr__())

    async def test_a_webhook_of_the_world_shows_no_secret(
        self, world: World, project: WorldProject
    ) -> None:
        fields = {"url": "https://example.org", "headers": json.dumps({"X-Secret": "s3cret"})}
        hook = world.webhooks.add(project.project_id, fields, 0)
        assert hook.headers == {"X-Secret": "s3cret"}
        assert "s3cret" not in repr(hook) + repr(hook.__rich_repr__())
        assert hook.hook_id in repr(hook)

    def test_is_frozen_and_pickles(self) -> None:
        delivery = Delivery(url="u", event="RUN_START", headers={"a": "b"}, body=b"{}")
        assert pickle.loads(pickle.dumps(delivery)) == delivery
        with pytest.raises(AttributeError):
            delivery.status = 200  # type: ignore[misc]
        assert msgspec.structs.replace(delivery, status=200).status == 200

    async def test_only_while_the_server_is_there(self, world: World) -> None:
        run = world.project().run(specs=1)
        server = FakeCurrents(world)
        for _ in range(2):
            with pytest.raises(MisuseError, match="inside its `async with`"):
                await server.emit(run, "RUN_START", to="http://127.0.0.1:1/")
            async with server:
                pass

    async def test_many_at_once(
        self, server: FakeCurrents, project: WorldProject, receiver: Receiver
    ) -> None:
        runs = [project.run(specs=1, tests=1) for _ in range(50)]
        await asyncio.gather(*(server.emit(run, "RUN_FINISH", to=receiver.url) for run in runs))
        assert [one.status for one in server.deliveries] == [202] * 50
        urls = {one.json["runUrl"] for one in receiver.posted}
        assert urls == {f"https://app.currents.dev/run/{run.run_id}" for run in runs}
