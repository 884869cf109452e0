"""Real usage, never executed: what the types are is for mypy and pyright to say.

Both fail where `assert_type` does not hold, and where an expected error is none.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from datetime import UTC, datetime
from typing import Any, assert_type

import msgspec

from currents_async import (
    AssetDownload,
    AttachmentFile,
    AttachResult,
    Currents,
    CurrentsError,
    CursorPager,
    InstanceResult,
    Limits,
    PagePager,
    RateLimit,
    RawResponse,
    RequestAttempt,
    Retries,
    Timeouts,
    UploadResult,
)
from currents_async.models import (
    Account,
    Action,
    CreatedProject,
    Effect,
    ExploredTest,
    FailureContext,
    Instance,
    InstanceReport,
    InstanceTest,
    JiraProject,
    LastRun,
    ListedRun,
    Matcher,
    Metric,
    NewAttachment,
    Project,
    ProjectInsights,
    Run,
    RunAttachments,
    RunCancellation,
    RunSpec,
    Screenshot,
    Session,
    Share,
    SpecFile,
    TestResult,
    TraceLink,
    Webhook,
    dashboard_url,
    when,
)

NOW = datetime.now(UTC)


class Narrow(msgspec.Struct):
    spec: str


def seen(attempt: RequestAttempt) -> None:
    assert_type(attempt.error, CurrentsError | None)
    assert_type(attempt.status, int | None)


def read_key() -> str:
    return "key"


async def fetch_key() -> str:
    return "key"


def take_key(scope: str) -> str:
    return scope


async def client() -> None:
    limits = Limits(concurrency=4, rate=5.5, body=1, memory=2)
    async with Currents(
        "key", retries=Retries(attempts=1), limits=limits, observer=seen
    ) as currents:
        assert_type(currents, Currents)
        assert_type(currents.with_options(timeouts=Timeouts(total=1)), Currents)
        assert_type(currents.rate_limit, RateLimit | None)
        assert_type(currents.with_options(api_key="key"), Currents)
        assert_type(currents.with_options(api_key=read_key), Currents)
    Currents(allow_http=True, private_assets=True)
    Currents(read_key)
    Currents(fetch_key)
    Currents(lambda: "key")
    Currents(lambda: 1)  # type: ignore[arg-type, return-value]
    Currents(take_key)  # type: ignore[arg-type]
    Currents(1)  # type: ignore[arg-type]
    Currents("key", "https://api.currents.dev")  # type: ignore[call-arg]


async def runs(currents: Currents) -> None:
    assert_type(await currents.runs.get("r"), Run)
    assert_type(await currents.runs.find(branch="main"), Run)
    assert_type(await currents.runs.cancel("r"), RunCancellation)
    assert_type(await currents.runs.get_instances("r"), list[Instance])
    async with currents.runs.stream("r") as specs:
        assert_type([spec async for spec in specs], list[RunSpec])
        assert_type(specs.run, Run)
    async with currents.runs.stream("r", spec_type=Narrow) as narrow:
        assert_type([one.spec async for one in narrow], list[str])
    async with currents.runs.instances("r", on_error="collect") as results:
        async for result in results:
            assert_type(result, InstanceResult)
            assert_type(result.instance, Instance | None)
    assert_type(await currents.instances.get_many(["i"]), list[Instance])
    assert_type(await currents.instances.get_many(["i"], on_error="collect"), list[InstanceResult])
    await currents.runs.find("p", "main")  # type: ignore[call-arg]
    currents.runs.instances("r", on_error="ignore")  # type: ignore[arg-type]


async def lists(currents: Currents) -> None:
    listed = currents.runs.list("p", status=["FAILED"], date_start=NOW)
    assert_type(listed, CursorPager[ListedRun])
    assert_type(listed.limit(5), CursorPager[ListedRun])
    assert_type([run async for run in listed], list[ListedRun])
    assert_type((await listed).items, tuple[ListedRun, ...])
    assert_type([page.has_more async for page in listed.pages()], list[bool])
    assert_type(listed.resume_token, str | None)
    async with currents.projects.list(prefetch=True) as ahead:
        assert_type([project async for project in ahead], list[Project])
    explored = currents.tests.list(date_start=NOW, date_end=NOW)
    assert_type(explored, PagePager[ExploredTest])
    assert_type((await explored).total, int)
    assert_type(currents.spec_files.list(date_start=NOW, date_end=NOW), PagePager[SpecFile])
    assert_type(
        currents.test_results.list("s", date_start=NOW, date_end=NOW), CursorPager[TestResult]
    )
    assert_type(currents.jira.projects("j"), PagePager[JiraProject])
    currents.runs.list("p", status=["BROKEN"])  # type: ignore[list-item]
    currents.runs.list("p", date_start="2026-01-01")  # type: ignore[arg-type]
    currents.tests.list()  # type: ignore[call-arg]


async def others(currents: Currents) -> None:
    insights = await currents.projects.insights(date_start=NOW, date_end=NOW)
    assert_type(insights, ProjectInsights)
    action = await currents.actions.create(
        "a", action=[Effect.quarantine()], matcher=Matcher.all(when.file.eq("a.spec.ts"))
    )
    assert_type(action, Action)
    assert_type(await currents.actions.list(), list[Action])
    assert_type(await currents.webhooks.list(), list[Webhook])
    assert_type(await currents.context.get(run_id="r"), FailureContext)
    assert_type(await currents.context.markdown(run_id="r"), str)
    assert_type(await currents.projects.create("p"), CreatedProject)
    assert_type(await currents.account.get(), Account)
    assert_type(await currents.account.revoke_credential(), dict[str, object])


async def attachments(currents: Currents) -> None:
    files = [NewAttachment(name="a", content_type="text/plain", size_bytes=1)]
    declared = await currents.runs.add_attachments("r", files, spec="a.ts", test_id="t", attempt=0)
    assert_type(declared, RunAttachments)
    assert_type(declared.attachments[0].upload_url, str)
    by_ci = currents.runs.add_attachments_by_ci(files, ci_build_id="b", record_key="k", spec="s")
    assert_type(await by_ci, RunAttachments)
    assert_type(await currents.sessions.create("t", "passed", attachments=files), Session)
    assert_type(await currents.sessions.add_attachments("s", files), Session)
    on_disk = [AttachmentFile(path="a.png", type="screenshot")]
    result = await currents.runs.attach("r", on_disk, spec="a.ts", on_progress=print)
    assert_type(result, AttachResult)
    assert_type(result.failed, tuple[UploadResult, ...])
    assert_type(await currents.runs.attach_by_ci(on_disk, ci_build_id="b"), AttachResult)
    assert_type(await currents.sessions.attach("s", on_disk, record_key="k"), AttachResult)
    AttachmentFile(path="a", type="log")  # type: ignore[arg-type]
    await currents.runs.add_attachments("r", files, spec=1)  # type: ignore[arg-type]
    await currents.sessions.create("t", "flaky")  # type: ignore[arg-type]


async def links(currents: Currents) -> None:
    share = await currents.shares.create("fix", instance_id="i", test_id="t")
    assert_type(share, Share)
    assert_type(share.url, str)
    link = await currents.traces.link("i", "t", attempt=1)
    assert_type(link, TraceLink)
    assert_type(await currents.traces.session_link("s", "a"), TraceLink)
    assert_type(await currents.shares.read(share), str)
    assert_type(await currents.traces.digest(link), str)
    assert_type(await currents.traces.frame(link.url, 12.5), RawResponse)
    assert_type(await currents.traces.download(link, to="trace.zip"), AssetDownload)
    await currents.shares.create("fox", run_id="r")  # type: ignore[arg-type]
    await currents.traces.digest(share)  # type: ignore[arg-type]


async def assets(currents: Currents, shot: Screenshot, report: InstanceReport) -> None:
    assert_type(await currents.assets.download(shot, to="a.png"), AssetDownload)
    assert_type(shot.expires_at, datetime | None)
    assert_type(report.video_expires_at, datetime | None)
    async with currents.assets.of_run("r", to=".") as results:
        assert_type([result.download async for result in results], list[AssetDownload | None])


async def raw(currents: Currents) -> None:
    assert_type(await currents.runs.raw.get("r"), RawResponse)
    assert_type(await currents.request("GET", "/runs/r"), RawResponse)
    assert_type(await currents.request("GET", "/runs/r", type=Narrow), Narrow)
    assert_type((await currents.request("GET", "/runs/r")).json(), Any)
    await currents.request("PATCH", "/runs/r")  # type: ignore[call-overload]


def conveniences(run: Run, spec: RunSpec, instance: Instance, test: InstanceTest) -> None:
    assert_type(run.title, str)
    assert_type(run.to_dict(snake_case=True), dict[str, Any])
    assert_type(run.branch, str | None)
    assert_type(run.head_sha, str | None)
    assert_type(run.environments, tuple[str, ...])
    assert_type(run.last_run, LastRun | None)
    assert run.last_run is not None
    assert_type(run.last_run.to_last_run_json(), bytes)
    assert_type(run.url, str)
    assert_type(spec.duration, int | None)
    assert_type(dashboard_url(instance, "https://currents.example.com"), str)
    assert_type(dashboard_url(test, "https://currents.example.com"), str | None)
    assert_type(test.duration, int | None)
    assert_type(test.owner, str | None)
    assert_type(test.metrics, tuple[Metric, ...])
    assert_type(test.metrics[0].value, int | float)
