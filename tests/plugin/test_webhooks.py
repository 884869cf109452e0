"""Apps that receive webhooks, as the fixture `currents_webhooks` runs them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anyio
import msgspec
import pytest
from aiohttp import web
from anyio.abc import TaskGroup

from currents_async import InvalidArgumentError
from currents_async.testing import FakeCurrents, World, WorldProject
from currents_async.testing._plugin.webhooks import WebhookApps


@pytest.fixture
async def webhooks(server: FakeCurrents, project: WorldProject) -> AsyncIterator[WebhookApps]:
    async with WebhookApps(server) as webhooks:
        yield webhooks


class Hook:
    """An app that notes what it is called with."""

    def __init__(self) -> None:
        self.calls: list[web.Request] = []
        self.events: list[Any] = []
        self.app = web.Application()
        self.app.router.add_post("/hook", self._respond)

    async def _respond(self, request: web.Request) -> web.Response:
        self.calls.append(request)
        self.events.append(await request.json())
        return web.Response(status=202)


async def test_an_app_is_called(webhooks: WebhookApps, project: WorldProject) -> None:
    hook = Hook()
    url = await webhooks.serve(hook.app, "/hook", headers={"X-Secret": "s", "X-Other": "t"})
    run = project.run(specs=2, failures=1)
    [delivery] = await webhooks.emit(run, "RUN_FINISH")
    assert (delivery.url, delivery.status) == (url, 202)
    [call] = hook.calls
    assert (call.headers["X-Secret"], call.headers["X-Other"]) == ("s", "t")
    assert "x-timestamp" in call.headers
    [event] = hook.events
    assert event["event"] == "RUN_FINISH"
    assert event["runUrl"].endswith(run.run_id)


@pytest.mark.parametrize("path", ["/hook", "hook"])
async def test_paths(webhooks: WebhookApps, project: WorldProject, path: str) -> None:
    await webhooks.serve(Hook().app, path)
    [delivery] = await webhooks.emit(project.run(specs=1), "RUN_FINISH")
    assert delivery.status == 202


async def test_of_which_projects_and_events(
    webhooks: WebhookApps, world: World, project: WorldProject
) -> None:
    other = world.project()
    hook = Hook()
    await webhooks.serve(hook.app, "/hook", project=other, events=["RUN_START"])
    for run in (project.run(specs=1), other.run(specs=1)):
        for event in ("RUN_START", "RUN_FINISH"):
            await webhooks.emit(run, event)
    assert [event["event"] for event in hook.events] == ["RUN_START"]
    assert hook.events[0]["runUrl"].endswith(other.runs[0].run_id)


async def test_all_projects_that_there_are(
    webhooks: WebhookApps, world: World, project: WorldProject
) -> None:
    other = world.project()
    hook = Hook()
    await webhooks.serve(hook.app, "/hook")
    later = world.project()
    statuses = [
        len(await webhooks.emit(one.run(specs=1), event))
        for one in (project, other, later)
        for event in ("RUN_START", "RUN_FINISH", "RUN_TIMEOUT", "RUN_CANCELED")
    ]
    assert statuses == [1] * 8 + [0] * 4
    first, second = world.webhooks.values()
    assert first.fields is not second.fields


async def test_the_api_knows_of_them(
    webhooks: WebhookApps, server: FakeCurrents, project: WorldProject, currents: Any
) -> None:
    webhooks.register("https://bot.example/hook", headers={"X-Secret": "s"}, events=["RUN_START"])
    [hook] = await currents.webhooks.list(project.project_id)
    assert (hook.url, hook.headers, hook.hook_events) == (
        "https://bot.example/hook",
        {"X-Secret": "s"},
        ("RUN_START",),
    )
    assert abs(hook.created_at.timestamp() - server.clock.wall()) < 60


async def test_an_app_that_runs_already(webhooks: WebhookApps, project: WorldProject) -> None:
    hook = Hook()
    runner = web.AppRunner(hook.app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    webhooks.register(f"http://127.0.0.1:{runner.addresses[0][1]}/hook")
    [delivery] = await webhooks.emit(project.run(specs=1), "RUN_FINISH")
    assert delivery.status == 202
    await webhooks.aclose()
    [delivery] = await webhooks.emit(project.run(specs=1), "RUN_FINISH")
    assert delivery.status == 202
    await runner.cleanup()


async def test_several_apps(webhooks: WebhookApps, project: WorldProject) -> None:
    hooks = [Hook(), Hook()]
    for hook in hooks:
        await webhooks.serve(hook.app, "/hook")
    assert len(await webhooks.emit(project.run(specs=1), "RUN_FINISH")) == 2
    assert [len(hook.events) for hook in hooks] == [1, 1]


async def test_what_was_accepted_is_finished(webhooks: WebhookApps, project: WorldProject) -> None:
    done: list[str] = []
    go = asyncio.Event()

    async def work(event: Any) -> None:
        await go.wait()
        done.append(event["event"])

    groups: list[TaskGroup] = []

    async def background(_: web.Application) -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            groups.append(group)
            yield  # noqa: ASYNC119 - aiohttp goes on with it, always

    async def accept(request: web.Request) -> web.Response:
        groups[0].start_soon(work, msgspec.json.decode(await request.read()))
        return web.Response(status=202)

    app = web.Application()
    app.cleanup_ctx.append(background)
    app.router.add_post("/", accept)
    url = await webhooks.serve(app)
    await webhooks.emit(project.run(specs=1), "RUN_FINISH")
    assert done == []
    go.set()
    await webhooks.aclose()
    assert done == ["RUN_FINISH"]
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.post(url)
    await webhooks.aclose()


async def test_an_app_that_does_not_start(webhooks: WebhookApps) -> None:
    async def fail(_: web.Application) -> None:
        raise KeyError("no such setting")

    app = web.Application()
    app.on_startup.append(fail)
    with pytest.raises(KeyError, match="no such setting"):
        await webhooks.serve(app)


async def test_an_app_that_does_not_stop(server: FakeCurrents, project: WorldProject) -> None:
    async def fail(_: web.Application) -> None:
        raise KeyError("no such table")

    app, hook = web.Application(), Hook()
    app.on_cleanup.append(fail)
    webhooks = WebhookApps(server)
    await webhooks.__aenter__()
    await webhooks.serve(app)
    url = await webhooks.serve(hook.app, "/hook")
    with pytest.raises(KeyError, match="no such table"):
        await webhooks.aclose()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.post(url)


@pytest.mark.parametrize("events", [["RUN_FINISHED"], ["RUN_START", "x"], "RUN_START"])
async def test_unknown_events(webhooks: WebhookApps, world: World, events: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="events must be of"):
        webhooks.register("http://127.0.0.1:1", events=events)
    assert not world.webhooks


async def test_without_a_project(server: FakeCurrents) -> None:
    async with WebhookApps(server) as webhooks:
        with pytest.raises(InvalidArgumentError, match="no project"):
            webhooks.register("http://127.0.0.1:1")
