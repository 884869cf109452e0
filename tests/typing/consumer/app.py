"""A project that uses the library as installed: `nox -s release` checks its types and runs it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_type

import msgspec
from aiohttp import web

from currents_async import (
    Currents,
    CurrentsError,
    InstanceResult,
    Limits,
    NotFoundError,
    RateLimitedError,
    RequestAttempt,
    RunStream,
)
from currents_async.analysis import Failure, RunDiff, failures_of
from currents_async.export import ExportResult, export
from currents_async.models import Instance, ListedRun, Run, RunSpec
from currents_async.receiver import Receiver, Router, RunFinished, Verifier
from currents_async.receiver.web import setup_webhooks
from currents_async.testing import FakeCurrents, World


@dataclass(frozen=True)
class Report:
    run: Run
    failed: list[str]
    missing: list[str]


async def report_on(currents: Currents, run_id: str) -> Report | None:
    failed: list[str] = []
    missing: list[str] = []
    try:
        run = assert_type(await currents.runs.get(run_id), Run)
        async with currents.runs.instances(run_id, on_error="collect") as results:
            async for result in results:
                assert_type(result, InstanceResult)
                if result.instance is None:
                    missing.append(describe(result.error))
                else:
                    failed += failed_titles(result.instance)
    except NotFoundError:
        return None
    return Report(run, failed, missing)


def failed_titles(instance: Instance) -> list[str]:
    return [test.full_title for test in instance.tests if test.failed]


def describe(error: CurrentsError | None) -> str:
    match error:
        case None:
            return "not claimed yet"
        case RateLimitedError(retry_after=seconds):
            return f"throttled, for {seconds} s"
        case CurrentsError():
            return str(error)


class Name(msgspec.Struct):
    spec: str


async def names(currents: Currents, run_id: str) -> list[str]:
    async with currents.runs.stream(run_id, spec_type=Name) as specs:
        assert_type(specs, RunStream[Name])
        return [spec.spec async for spec in specs]


async def specs_of(currents: Currents, run_id: str) -> dict[str, RunSpec]:
    async with currents.runs.stream(run_id) as specs:
        return {spec.spec: spec async for spec in specs}


async def latest(currents: Currents, project_id: str) -> ListedRun | None:
    async for run in currents.runs.list(project_id, branches=["main"]).limit(1):
        return run
    return None


async def new_failures(currents: Currents, run: ListedRun) -> list[str]:
    before = await currents.runs.previous(run)
    if before is None:
        instances = await currents.runs.get_instances(run.run_id)
        failures = assert_type(failures_of(instances), list[Failure])
        return [failure.test.full_title for failure in failures]
    diff = assert_type(await currents.runs.diff(before.run_id, run.run_id), RunDiff)
    return [one.test.full_title for one in diff.new_failures]


async def nightly(currents: Currents, lake: Path, project_id: str) -> int:
    since = datetime.now(UTC) - timedelta(days=2)
    result = await export(currents, lake, projects=[project_id], since=since, resume=True)
    return assert_type(result, ExportResult).failures


def bot(currents: Currents, say: Callable[[str], Awaitable[None]]) -> web.Application:
    router = Router()

    @router.on(RunFinished)
    async def tell(event: RunFinished) -> None:
        run = await event.fetch(currents)
        await say(f"{run.run_id} {'failed' if run.failed else 'passed'}")

    app = web.Application()
    setup_webhooks(app, Receiver(Verifier({"X-Secret": "open sesame"}), router))
    return app


async def test_the_app(tmp_path: Path) -> None:
    world = World(seed=1)
    project = world.project()
    run = project.run(specs=3)
    statuses: list[int | None] = []

    def log(attempt: RequestAttempt) -> None:
        statuses.append(attempt.status)

    async with (
        FakeCurrents(world) as server,
        Currents(
            server.api_key, base_url=server.url, limits=Limits(concurrency=4), observer=log
        ) as currents,
    ):
        report = await report_on(currents, run.run_id)
        assert report is not None
        assert report.run.run_id == run.run_id
        assert await report_on(currents, "unknown") is None
        assert len(await names(currents, run.run_id)) == 3
        assert len(await specs_of(currents, run.run_id)) == 3
        found = await latest(currents, project.project_id)
        assert found is not None
        assert await new_failures(currents, found) == report.failed
        assert await nightly(currents, tmp_path / "lake", project.project_id) == 0
    assert set(statuses) == {200, 404}
