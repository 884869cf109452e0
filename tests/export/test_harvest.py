import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import anyio
import pytest

from currents_async import (
    BadRequestError,
    ClientClosedError,
    ConnectError,
    Currents,
    CurrentsError,
    DecodeError,
    ForbiddenError,
    InvalidArgumentError,
    Limits,
    MisuseError,
    NotFoundError,
    PaginationError,
    PayloadTooLargeError,
    RateLimitedError,
    RequestTimeoutError,
    ResponseTooLargeError,
    Retries,
    ServerError,
    Timeouts,
    TransportError,
    UnauthorizedError,
)
from currents_async.export._fetch import harvest as module
from currents_async.export._fetch.events import (
    FetchEvent,
    FetchFailed,
    InstanceFetched,
    RunFetched,
    WindowEnded,
)
from currents_async.export._fetch.harvest import Harvest
from currents_async.export._fetch.selection import Depth, RunFilter
from currents_async.export._windows import Window
from currents_async.testing import (
    FakeCurrents,
    ManualClock,
    RecordedRequest,
    World,
    WorldProject,
    WorldRun,
)
from tests.support import RUN, NoBackoff, respond_in_waves

pytestmark = pytest.mark.usefixtures("no_task_is_left")

FIFTH = date(2026, 1, 5)
CONCURRENCY = 16


@pytest.fixture
async def currents(server: FakeCurrents) -> AsyncIterator[Currents]:
    """A client whose backoff takes no time."""
    async with Currents(server.api_key, base_url=server.url, clock=ManualClock()) as currents:
        yield currents


def moment(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def windows(*projects: WorldProject, days: Iterable[int] = (5,)) -> list[Window]:
    return [Window(date(2026, 1, day), one.project_id) for day in days for one in projects]


def harvest(
    currents: Currents, wanted: Iterable[Window], concurrency: int = CONCURRENCY, **options: Any
) -> Harvest:
    return Harvest(currents, wanted, concurrency=concurrency, **options)


async def all_of(harvest: Harvest) -> list[FetchEvent]:
    with anyio.fail_after(30):
        async with harvest:
            return [found async for found in harvest]


def run_ids(found: Iterable[FetchEvent]) -> list[str]:
    return [one.run.run_id for one in found if isinstance(one, RunFetched)]


def instance_ids(found: Iterable[FetchEvent]) -> list[str]:
    return [one.instance.instance_id for one in found if isinstance(one, InstanceFetched)]


def ended(found: Iterable[FetchEvent]) -> list[Window]:
    return [one.window for one in found if isinstance(one, WindowEnded)]


def claimed(runs: Iterable[WorldRun]) -> list[str]:
    return [spec.instance_id for run in runs for spec in run.specs if spec.instance_id]


def asked(server: FakeCurrents, operation: str) -> list[RecordedRequest]:
    return [request for request in server.requests if request.operation == operation]


def hold(server: FakeCurrents, choose: Callable[[RecordedRequest], bool]) -> asyncio.Event:
    """Hold answers back until the event that is returned is set."""
    may_go = asyncio.Event()

    async def wait(request: RecordedRequest) -> None:
        if choose(request):
            await may_go.wait()

    server.before_response = wait
    return may_go


async def quiet(server: FakeCurrents) -> None:
    """Wait until the client asks for nothing more."""
    count = -1
    while count != len(server.requests):
        count = len(server.requests)
        for _ in range(50):
            await asyncio.sleep(0)


def ok(data: object, **more: object) -> bytes:
    return json.dumps({"status": "OK", "data": data, **more}).encode()


def listed(run_id: str, *, cursor: str) -> dict[str, str]:
    return {**RUN, "runId": run_id, "createdAt": "2026-01-05T09:00:00.000Z", "cursor": cursor}


class TestEvents:
    @pytest.mark.parametrize("concurrency", [1, 3, CONCURRENCY])
    async def test_everything_once_then_the_end_of_its_window(
        self, currents: Currents, world: World, concurrency: int
    ) -> None:
        projects = [world.project() for _ in range(2)]
        for project, framework in zip(projects, ("playwright", "cypress"), strict=True):
            for number in range(25):
                project.run(specs=1 + number % 4, tests=1, framework=framework)  # type: ignore[arg-type]  # one of two
        wanted = windows(*projects, days=range(4, 8))
        found = await all_of(harvest(currents, wanted, concurrency))

        assert sorted(run_ids(found)) == sorted(world.runs)
        assert sorted(instance_ids(found)) == sorted(claimed(world.runs.values()))
        assert sorted(ended(found)) == sorted(wanted)
        assert len(found) == 2 * 25 + len(claimed(world.runs.values())) + len(wanted)
        over: set[Window] = set()
        runs: set[str] = set()
        for one in found:
            assert one.window not in over
            match one:
                case RunFetched(run=run):
                    theirs = world.runs[run.run_id]
                    assert one.window.project_id == theirs.project_id == run.project_id
                    assert one.window.day.isoformat() == theirs.created_at[:10]
                    assert [spec.spec for spec in run.specs] == [s.path for s in theirs.specs]
                    runs.add(run.run_id)
                case InstanceFetched(run_id=run_id):
                    assert run_id in runs  # a run comes before its instances
                case WindowEnded(window=window):
                    over.add(window)
                case _:
                    pytest.fail(f"unexpected: {one}")

    async def test_one_worker_ends_one_window_after_the_other(
        self, currents: Currents, project: WorldProject
    ) -> None:
        for _ in range(70):
            project.run(specs=2, tests=1)
        wanted = windows(project, days=range(5, 9))
        found = await all_of(harvest(currents, wanted, 1))
        assert ended(found) == wanted
        assert [one.window for one in found] == sorted(one.window for one in found)

    async def test_one_worker_ends_a_run_with_its_instances_before_the_next_one(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        """What leads to nothing more is done first: fewer specs wait in memory."""
        for _ in range(3):
            project.run(specs=3, tests=1, created_at=moment(5))
        await all_of(harvest(currents, windows(project), 1))
        operations = [request.operation for request in server.requests]
        assert operations == ["listProjectRuns", *(["getRun", *["getInstance"] * 3] * 3)]

    async def test_no_windows(self, server: FakeCurrents, currents: Currents) -> None:
        assert await all_of(harvest(currents, [])) == []
        assert server.requests == []

    async def test_runs_in_progress_with_what_they_have(
        self, currents: Currents, project: WorldProject
    ) -> None:
        run = project.run(specs=9, tests=1, running=True, completed=4, unclaimed=3)
        found = await all_of(harvest(currents, windows(project)))
        assert run_ids(found) == [run.run_id]
        assert sorted(instance_ids(found)) == sorted(claimed([run]))
        assert len(claimed([run])) == 4

    async def test_an_instance_that_specs_share_once(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        shared = project.run(specs=1, created_at=moment(9)).specs[0].instance_id
        specs = [{"spec": name, "instanceId": shared} for name in ("a.ts", "b.ts", "c.ts")]
        payload = listed("twins", cursor="c") | {"projectId": project.project_id, "specs": specs}
        server.world.add_run_payload(payload)
        found = await all_of(harvest(currents, windows(project)))
        assert run_ids(found) == ["twins"]
        assert instance_ids(found) == [shared]

        server.fail("getInstance", 404)
        [failure] = [
            one
            for one in await all_of(harvest(currents, windows(project)))
            if isinstance(one, FetchFailed)
        ]
        assert failure.spec == "a.ts"

    async def test_a_run_that_moves_to_the_next_page_once(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        pages = [("a", "b"), ("b", "c")]
        for number, page in enumerate(pages):
            # The cursor says where it is in the list: not where it was.
            data = [listed(run_id, cursor=f"{run_id}{number}") for run_id in page]
            server.fail("listProjectRuns", 200, body=ok(data, has_more=number == 0))
        found = await all_of(
            harvest(currents, windows(project), depth=Depth(specs=False, instances=False))
        )
        assert run_ids(found) == ["a", "b", "c"]


class TestDays:
    @pytest.fixture
    def at_midnight(self, project: WorldProject) -> list[WorldRun]:
        moments = [
            datetime(2026, 1, 4, 23, 59, 59, 999_000, tzinfo=UTC),
            datetime(2026, 1, 5, tzinfo=UTC),
            datetime(2026, 1, 5, 23, 59, 59, 999_000, tzinfo=UTC),
            datetime(2026, 1, 6, tzinfo=UTC),
        ]
        return [project.run(specs=1, tests=1, created_at=moment) for moment in moments]

    async def test_a_run_at_midnight_belongs_to_the_next_day(
        self, currents: Currents, project: WorldProject, at_midnight: list[WorldRun]
    ) -> None:
        found = await all_of(harvest(currents, windows(project, days=[4, 5, 6])))
        days = {one.run.run_id: one.window.day.day for one in found if isinstance(one, RunFetched)}
        assert days == {run.run_id: day for run, day in zip(at_midnight, (4, 5, 5, 6), strict=True)}
        assert len(run_ids(found)) == 4
        assert sorted(instance_ids(found)) == sorted(claimed(at_midnight))

    async def test_a_server_that_excludes_the_ends_of_a_span(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        await all_of(harvest(currents, windows(project)))
        [request] = server.requests
        assert dict(request.query) == {
            "date_start": "2026-01-04T23:59:59.999Z",
            "date_end": "2026-01-06T00:00:00.000Z",
            "limit": "50",
        }


class TestConcurrency:
    async def test_all_workers_on_one_large_run(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        project.run(specs=10 * CONCURRENCY, tests=1)
        respond_in_waves(server, "getInstance", CONCURRENCY)
        found = await all_of(harvest(currents, windows(project)))
        assert len(instance_ids(found)) == 10 * CONCURRENCY
        assert server.peak_in_flight == CONCURRENCY

    async def test_all_workers_on_many_small_runs(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        for _ in range(3 * CONCURRENCY):
            project.run(specs=1, tests=1, created_at=moment(5))
        respond_in_waves(server, "getRun", CONCURRENCY)
        found = await all_of(harvest(currents, windows(project), depth=Depth(instances=False)))
        assert len(run_ids(found)) == 3 * CONCURRENCY
        assert server.peak_in_flight == CONCURRENCY

    async def test_all_workers_on_empty_windows(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        wanted = windows(project, days=range(6, 6 + CONCURRENCY))
        respond_in_waves(server, "listProjectRuns", CONCURRENCY)
        assert len(await all_of(harvest(currents, wanted))) == CONCURRENCY

    async def test_a_window_begins_while_the_last_instance_of_another_is_under_way(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        first, second = (project.run(specs=2, tests=1, created_at=moment(day)) for day in (5, 6))
        last = claimed([first])[-1]
        may_go = hold(server, lambda request: request.path_args.get("instance_id") == last)
        wanted = windows(project, days=[5, 6])
        with anyio.fail_after(20):
            async with harvest(currents, wanted, 2) as found:
                early = [await anext(found) for _ in range(6)]
                assert ended(early) == wanted[1:]
                assert sorted(run_ids(early)) == sorted([first.run_id, second.run_id])
                may_go.set()
                late = [one async for one in found]
        assert instance_ids(late) == [last]
        assert ended(late) == wanted[:1]

    async def test_never_more_windows_than_workers(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        taken: list[Window] = []

        def one_by_one() -> Iterator[Window]:
            for window in windows(project, days=range(1, 31)):
                taken.append(window)
                yield window

        may_go = hold(server, lambda _: True)
        async with harvest(currents, one_by_one(), 3) as found:
            await quiet(server)
            assert len(taken) == len(server.requests) == 3
            may_go.set()
            assert len([one async for one in found]) == 30

    async def test_the_next_page_is_asked_for_while_there_are_runs_to_fetch(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        for _ in range(60):
            project.run(specs=1, tests=1, created_at=moment(5))
        may_go = hold(server, lambda request: "starting_after" in dict(request.query))
        with anyio.fail_after(20):
            async with harvest(currents, windows(project), 2) as found:
                first_page = [await anext(found) for _ in range(100)]
                may_go.set()
                rest = [one async for one in found]
        assert len(run_ids(first_page)) == len(instance_ids(first_page)) == 50
        assert len(run_ids(rest)) == len(instance_ids(rest)) == 10
        order = [request.operation for request in server.requests]
        page = order.index("listProjectRuns", 1)
        assert order[:page].count("getRun") == 25

    async def test_an_older_window_comes_first(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        """What has been begun is finished: little is lost when the process ends."""
        for day in (5, 6, 7):
            for _ in range(20):
                project.run(specs=3, tests=1, created_at=moment(day))
        found = await all_of(harvest(currents, windows(project, days=[5, 6, 7]), 4))
        days = [one.window.day.day for one in found if not isinstance(one, WindowEnded)]
        assert days.count(5) == 20 * 4
        # The other three workers may be at a run each, which leads to three instances.
        assert days[days.index(6) :].count(5) <= 3 * 4
        assert days[days.index(7) :].count(6) <= 3 * 4
        assert [window.day.day for window in ended(found)] == [5, 6, 7]

    async def test_an_older_window_comes_first_even_after_a_younger_one_has_begun(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        for _ in range(60):
            project.run(specs=1, tests=1, created_at=moment(5))
        project.run(specs=50, tests=1, created_at=moment(6))
        may_go = hold(server, lambda request: "starting_after" in dict(request.query))
        with anyio.fail_after(20):
            async with harvest(currents, windows(project, days=[5, 6]), 2) as found:
                async for one in found:
                    if isinstance(one, InstanceFetched) and one.window.day.day == 6:
                        break
                may_go.set()
                await quiet(server)  # the second page of the older one has come
                rest = [one async for one in found]
        days = [one.window.day.day for one in rest if not isinstance(one, WindowEnded)]
        assert days.count(5) == 10 * 2
        last = len(days) - days[::-1].index(5)
        assert days[:last].count(6) <= 3
        assert days[last:].count(6) > 40


class TestBounds:
    async def test_a_slow_consumer_holds_the_workers_back(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        project.run(specs=200, tests=1)
        async with harvest(currents, windows(project, days=[5]), 4) as found:
            assert isinstance(await anext(found), RunFetched)
            assert isinstance(await anext(found), InstanceFetched)
            await quiet(server)
            # One was taken; four wait to be taken, four to be sent, and nobody fetches ahead.
            assert len(server.requests) == 1 + 1 + 1 + 4 + 4
            assert server.in_flight == 0

    async def test_large_runs_are_fetched_one_by_one(
        self,
        server: FakeCurrents,
        currents: Currents,
        project: WorldProject,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(module, "_MAX_SPECS_AT_ONCE", 10)
        for specs in (8, 8, 30, 2, 2, 2):
            project.run(specs=specs, tests=1, created_at=moment(5))
        arriving: Counter[str] = Counter()
        most = 0

        async def count(request: RecordedRequest) -> None:
            nonlocal most
            if request.operation == "getRun":
                arriving[request.path_args["run_id"]] += 1
                specs = [len(server.world.runs[run_id].specs) for run_id in arriving]
                most = max(most, sum(specs))
                assert sum(specs) <= 10 or len(specs) == 1
                for _ in range(100):
                    await asyncio.sleep(0)
                del arriving[request.path_args["run_id"]]

        server.before_response = count
        found = await all_of(harvest(currents, windows(project), depth=Depth(instances=False)))
        assert len(run_ids(found)) == 6
        assert most == 30

    async def test_runs_of_unknown_size_are_not_bounded(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        groups: list[Any] = [{}, {"instances": None}, {"instances": {}}]
        data = [listed("a", cursor="a"), listed("b", cursor="b") | {"groups": groups}]
        server.fail("listProjectRuns", 200, body=ok(data, has_more=False))
        found = await all_of(harvest(currents, windows(project)))
        assert sorted(run_ids(found)) == ["a", "b"]


class TestLeaving:
    @pytest.mark.parametrize("after", [0, 1, 3, 30])
    async def test_midway_cancels_all_requests(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, after: int
    ) -> None:
        for _ in range(30):
            project.run(specs=5, tests=1)
        async with harvest(currents, windows(project, days=[5, 6])) as found:
            for _ in range(after):
                await anext(found)
        await quiet(server)  # what was on its way when the workers ended has arrived
        await server.idle()
        assert len(server.requests) <= 2 + after + 2 * CONCURRENCY
        assert [request for request in server.requests if request.finished is None] == []
        await currents.runs.get(project.runs[0].run_id)  # the client is as good as new

    @pytest.mark.parametrize("kind", [KeyError, asyncio.CancelledError, KeyboardInterrupt])
    async def test_an_error_of_the_consumer_leaves_as_itself(
        self, currents: Currents, project: WorldProject, kind: type[BaseException]
    ) -> None:
        project.run()
        error = kind("mine")
        with pytest.raises(kind) as caught:
            async with harvest(currents, windows(project)) as found:
                async for _ in found:
                    raise error
        assert caught.value is error
        assert caught.value.__context__ is None


class TestFatal:
    """About the client, its key or the network: raised as itself, once."""

    @pytest.fixture
    def runs(self, project: WorldProject) -> list[WorldRun]:
        return [project.run(specs=20, tests=1) for _ in range(5)]

    async def raised(self, currents: Currents, project: WorldProject) -> CurrentsError:
        with pytest.raises(CurrentsError) as caught:
            await all_of(harvest(currents, windows(project, days=[5, 6])))
        assert caught.value.__context__ is None
        return caught.value

    @pytest.mark.parametrize("operation", ["listProjectRuns", "getRun", "getInstance"])
    @pytest.mark.parametrize(
        ("status", "headers", "kind"),
        [
            (401, {}, UnauthorizedError),
            (403, {}, ForbiddenError),
            (429, {"Retry-After": "3600"}, RateLimitedError),
        ],
    )
    async def test_a_response_that_is_about_the_key(
        self,
        server: FakeCurrents,
        currents: Currents,
        project: WorldProject,
        runs: list[WorldRun],
        operation: str,
        status: int,
        headers: dict[str, str],
        kind: type[CurrentsError],
    ) -> None:
        server.fail(operation, status, None, headers=headers)
        assert type(await self.raised(currents, project)) is kind

    async def test_a_client_that_is_closed_meanwhile(
        self, server: FakeCurrents, project: WorldProject, runs: list[WorldRun]
    ) -> None:
        async with (
            Currents(server.api_key, base_url=server.url) as currents,
            harvest(currents, windows(project)) as found,
        ):
            await anext(found)
            await currents.aclose()
            with pytest.raises(ClientClosedError):
                async for one in found:
                    assert not isinstance(one, FetchFailed | WindowEnded)

    async def test_no_server_listens(self, project: WorldProject, unused_port: int) -> None:
        url = f"http://127.0.0.1:{unused_port}/v1"
        async with Currents("key", base_url=url, clock=NoBackoff()) as currents:
            assert type(await self.raised(currents, project)) is ConnectError

    async def test_a_list_of_runs_that_goes_in_circles(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        circle = ok([listed("r", cursor="c")], has_more=True)
        server.fail("listProjectRuns", 200, body=circle, times=3)
        assert type(await self.raised(currents, project)) is PaginationError

    async def test_the_second_page_fails(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        for _ in range(60):
            project.run(specs=1, tests=1, created_at=moment(5))
        server.fail("listProjectRuns", 400, after=1)
        found: list[FetchEvent] = []
        with pytest.raises(BadRequestError):
            async with harvest(currents, windows(project)) as harvested:
                async for one in harvested:
                    found.append(one)  # noqa: PERF401 - what came before the error is looked at
        assert ended(found) == []

    async def test_an_iterable_of_windows_that_raises(
        self, currents: Currents, project: WorldProject
    ) -> None:
        def fail() -> Iterator[Window]:
            yield from windows(project)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await all_of(harvest(currents, fail()))


class TestRetries:
    @pytest.mark.parametrize(("attempts", "expected"), [(1, 8), (3, 8), (12, 12)])
    async def test_a_client_may_allow_more_attempts(
        self, server: FakeCurrents, project: WorldProject, attempts: int, expected: int
    ) -> None:
        server.fail("listProjectRuns", 500, None)
        retries = Retries(attempts=attempts)
        async with Currents(
            server.api_key, base_url=server.url, clock=ManualClock(), retries=retries
        ) as currents:
            with pytest.raises(ServerError) as caught:
                await all_of(harvest(currents, windows(project)))
        assert caught.value.attempts == len(server.requests) == expected

    async def test_waiting_in_the_queue_is_not_limited(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        run = project.run(specs=20, tests=1)
        server.fail("getInstance", 429, 10, headers={"Retry-After": "50"})
        async with Currents(
            server.api_key, base_url=server.url, clock=ManualClock(), timeouts=Timeouts(total=60)
        ) as currents:
            found = await all_of(harvest(currents, windows(project), 2))
        assert sorted(instance_ids(found)) == sorted(claimed([run]))

    async def test_a_silent_server_is_given_up(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        run = project.run(specs=2, tests=1)
        silent = claimed([run])[0]
        path_args = {"instance_id": silent}
        server.fail("getInstance", fault="stall", times=None, path_args=path_args)
        timeouts = Timeouts(attempt=0.01)
        async with Currents(
            server.api_key, base_url=server.url, clock=ManualClock(), timeouts=timeouts
        ) as currents:
            found = await all_of(harvest(currents, windows(project)))
        [failure] = [one for one in found if isinstance(one, FetchFailed)]
        assert isinstance(failure.error, RequestTimeoutError)
        assert failure.instance_id == silent
        assert instance_ids(found) == claimed([run])[1:]


class TestFetchFailed:
    """About one run or instance: the rest comes all the same."""

    @pytest.fixture
    def runs(self, project: WorldProject) -> list[WorldRun]:
        return [project.run(specs=4, tests=1) for _ in range(3)]

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            ({"status": 413}, PayloadTooLargeError),
            ({"status": 404}, NotFoundError),
            ({"status": 500}, ServerError),
            ({"status": 200, "body": b"<html>"}, DecodeError),
            ({"status": 200, "body": b" " * 200_000}, ResponseTooLargeError),
            ({"fault": "reset"}, TransportError),
            ({"fault": "cut-gzip"}, TransportError),
            ({"fault": "corrupt"}, DecodeError),
        ],
    )
    @pytest.mark.parametrize("what", ["run", "instance"])
    async def test_one(
        self,
        server: FakeCurrents,
        project: WorldProject,
        runs: list[WorldRun],
        what: str,
        fault: dict[str, Any],
        kind: type[CurrentsError],
    ) -> None:
        run = runs[1]
        spec = run.specs[2]
        assert spec.instance_id is not None
        if what == "run":
            server.fail("getRun", times=None, path_args={"run_id": run.run_id}, **fault)
            lost = set(claimed([run]))
        else:
            path_args = {"instance_id": spec.instance_id}
            server.fail("getInstance", times=None, path_args=path_args, **fault)
            lost = {spec.instance_id}
        limits = Limits(body=100_000)
        async with Currents(
            server.api_key, base_url=server.url, clock=ManualClock(), limits=limits
        ) as currents:
            found = await all_of(harvest(currents, windows(project)))
        [failure] = [one for one in found if isinstance(one, FetchFailed)]
        assert failure.run_id == run.run_id
        assert failure.instance_id == ("" if what == "run" else spec.instance_id)
        assert failure.spec == ("" if what == "run" else spec.path)
        assert isinstance(failure.error, kind)
        assert sorted(instance_ids(found)) == sorted(set(claimed(runs)) - lost)
        assert sorted(run_ids(found)) == sorted(one.run_id for one in runs)
        assert ended(found) == windows(project)
        assert isinstance(found[-1], WindowEnded)

    async def test_a_run_that_was_not_fetched_comes_as_the_list_has_it(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, runs: list[WorldRun]
    ) -> None:
        server.fail("getRun", 413, path_args={"run_id": runs[0].run_id})
        found = await all_of(harvest(currents, windows(project)))
        specs = {one.run.run_id: len(one.run.specs) for one in found if isinstance(one, RunFetched)}
        assert specs == {run.run_id: 0 if run is runs[0] else 4 for run in runs}

    async def test_an_instance_with_an_invalid_id(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        """It comes from the server: it is no argument of the caller's."""
        specs = [{"spec": "a.ts", "instanceId": "a/b"}]
        payload = listed("odd", cursor="c") | {"projectId": project.project_id, "specs": specs}
        server.world.add_run_payload(payload)
        found = await all_of(harvest(currents, windows(project)))
        [failure] = [one for one in found if isinstance(one, FetchFailed)]
        assert isinstance(failure.error, InvalidArgumentError)
        assert ended(found) == windows(project)

    @pytest.mark.parametrize("fault", ["reset", "close", "truncate", "cut-gzip"])
    async def test_a_retried_request_is_no_failure(
        self, world: World, project: WorldProject, fault: Any
    ) -> None:
        """Though URLs in runs of Cypress are signed anew: the same bytes never come again."""
        run = project.run(specs=60, tests=1, framework="cypress")
        async with (
            FakeCurrents(world, assets=True) as server,
            Currents(server.api_key, base_url=server.url, clock=ManualClock()) as currents,
        ):
            server.fail("getRun", fault=fault, times=3)
            server.fail("getInstance", fault=fault, times=20)
            found = await all_of(harvest(currents, windows(project)))
        assert run_ids(found) == [run.run_id]
        assert sorted(instance_ids(found)) == sorted(claimed([run]))
        assert not any(isinstance(one, FetchFailed) for one in found)

    async def test_throttled_requests_are_no_failures(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, runs: list[WorldRun]
    ) -> None:
        server.fail(None, 429, times=None, probability=0.3, headers={"Retry-After": "1"})
        found = await all_of(harvest(currents, windows(project)))
        assert sorted(instance_ids(found)) == sorted(claimed(runs))
        assert not any(isinstance(one, FetchFailed) for one in found)


class TestChoosing:
    async def test_some_runs(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        wanted = project.run(specs=1, branch="dev", tags=["a", "b"], author=("Ada", "a@x.org"))
        project.run(specs=1, branch="dev", tags=["a"])
        project.run(specs=1, branch="main", tags=["a", "b"])
        runs = RunFilter(branches=("dev",), tags=("a", "b"), authors=("Ada",))
        found = await all_of(harvest(currents, windows(project), runs=runs))
        assert run_ids(found) == [wanted.run_id]
        sent = asked(server, "listProjectRuns")[0].query
        assert [one for one in sent if one[0].endswith("[]")] == [
            ("tags[]", "a"),
            ("tags[]", "b"),
            ("branches[]", "dev"),
            ("authors[]", "Ada"),
        ]


class TestMisuse:
    async def test_iterating_without_entering(self, currents: Currents) -> None:
        with pytest.raises(MisuseError, match="inside 'async with'"):
            await anext(harvest(currents, []))

    async def test_entering_twice(self, currents: Currents) -> None:
        harvested = harvest(currents, [])
        async with harvested:
            pass
        with pytest.raises(MisuseError, match="has been used"):
            async with harvested:
                pytest.fail("it was entered twice")

    @pytest.mark.parametrize("concurrency", [0, -1, 1.5, True])
    async def test_invalid_numbers_of_workers(self, currents: Currents, concurrency: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="concurrency"):
            harvest(currents, [], concurrency)
