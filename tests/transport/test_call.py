"""The retry table, end to end: requests that the server saw, waits, and the error in the end."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from currents_async import (
    AlreadyCancelledError,
    AmbiguousError,
    APIError,
    BadRequestError,
    ConflictError,
    ConnectError,
    Currents,
    CurrentsError,
    DecodeError,
    ForbiddenError,
    Limits,
    NotFoundError,
    PayloadTooLargeError,
    RateLimitedError,
    RedirectError,
    RequestFailedError,
    RequestTimeoutError,
    ResponseTooLargeError,
    Retries,
    ServerError,
    Timeouts,
    TransportError,
    UnauthorizedError,
    UnprocessableError,
)
from currents_async._wire.endpoint import Endpoint
from currents_async.testing import FakeCurrents, RecordedRequest, WorldProject
from currents_async.testing.clock import ManualClock
from currents_async.testing.faults import BODY

Connect = Callable[..., Awaitable[Currents]]

CREATE = Endpoint("createThing", "POST", "/things", dict[str, object])
UPDATE = Endpoint("updateThing", "PUT", "/things/t", dict[str, object])
ENABLE = Endpoint("enableThing", "PUT", "/things/t/enable", dict[str, object], idempotent=True)


class Row(NamedTuple):
    """A request, and whether it may be sent again when nobody knows what became of it."""

    name: str
    call: Callable[[Currents], Awaitable[object]]
    repeatable: bool = True
    ambiguous: bool = False
    """Whether it is repeated on the caller's word alone."""


def _send(
    endpoint: Endpoint[Any], *, again: bool = False
) -> Callable[[Currents], Awaitable[object]]:
    def call(currents: Currents) -> Awaitable[object]:
        options = currents._transport.options(repeat_writes=again)
        return currents._transport.call(endpoint.request(body={}), options)

    return call


async def _stream(currents: Currents) -> None:
    async with currents.runs.stream("r") as specs:
        async for _ in specs:
            pass


ROWS = [
    Row("GET run", lambda currents: currents.runs.get("r")),
    Row("GET run, found", lambda currents: currents.runs.find("p")),
    Row("GET run, as a stream", _stream),
    Row("GET instance", lambda currents: currents.instances.get("i")),
    Row("PUT cancel", lambda currents: currents.runs.cancel("r")),
    Row("PUT cancel by CI", lambda currents: currents.runs.cancel_github_ci("1", 1)),
    Row("PUT enable", _send(ENABLE)),
    Row("DELETE", lambda currents: currents.runs.delete("r")),
    Row("PUT reset", lambda currents: currents.runs.reset("r", ["m"]), repeatable=False),
    Row("PUT update", _send(UPDATE), repeatable=False),
    Row("POST", _send(CREATE), repeatable=False),
    Row(
        "PUT reset, again",
        lambda currents: currents.runs.reset("r", ["m"], retry_ambiguous=True),
        ambiguous=True,
    ),
    Row("POST, again", _send(CREATE, again=True), ambiguous=True),
]


ONE_OF_EACH_KIND = ("GET run", "GET run, as a stream", "PUT update", "POST, again")
"""For what depends on no more than the kind: each repeats on other terms, or reads otherwise."""


class Column(NamedTuple):
    """How a request fails, and as what."""

    name: str
    fault: dict[str, Any]
    error: type[CurrentsError]


GZIP = {"Content-Encoding": "gzip"}
COMPRESSED = gzip.compress(BODY)
DAMAGED = COMPRESSED[:20] + b"\xff\xff\xff\xff" + COMPRESSED[24:]

THROTTLED = [Column("429", {"status": 429}, RateLimitedError)]
OVERLOADED = [
    *(Column(str(status), {"status": status}, ServerError) for status in (502, 503, 504)),
    Column("502 HTML", {"status": 502, "body": b"<html>Bad Gateway</html>"}, ServerError),
]
OPEN = [
    Column("408", {"status": 408}, APIError),
    *(Column(str(status), {"status": status}, ServerError) for status in (500, 520, 529)),
    Column("disconnect", {"fault": "close"}, TransportError),
    Column("reset", {"fault": "reset"}, TransportError),
    Column("truncated", {"status": 200, "headers": GZIP, "body": COMPRESSED[:-9]}, TransportError),
    Column("timeout", {"fault": "stall"}, RequestTimeoutError),
]
FINAL = [
    *(Column(str(status), {"status": status}, RedirectError) for status in (300, 301, 302, 307)),
    Column("400", {"status": 400}, BadRequestError),
    Column("401", {"status": 401}, UnauthorizedError),
    Column("402", {"status": 402}, RequestFailedError),
    Column("403", {"status": 403}, ForbiddenError),
    Column("404", {"status": 404}, NotFoundError),
    Column("405", {"status": 405}, APIError),
    Column("409", {"status": 409}, ConflictError),
    Column("410", {"status": 410}, APIError),
    Column("413", {"status": 413}, PayloadTooLargeError),
    Column("422", {"status": 422}, UnprocessableError),
    Column("425", {"status": 425}, APIError),
    Column("499", {"status": 499}, APIError),
    *(Column(str(status), {"status": status}, ServerError) for status in (501, 505, 507, 525, 599)),
    Column(
        "already", {"status": 422, "body": b'{"error":"already cancelled"}'}, AlreadyCancelledError
    ),
    Column("no JSON", {"status": 200, "body": b"<html>Welcome</html>"}, DecodeError),
    Column("no data", {"status": 200, "body": b'{"status":"OK"}'}, DecodeError),
    Column("refused", {"status": 200, "body": b'{"status":"FAILED","error":"no"}'}, APIError),
    Column("damaged", {"status": 200, "headers": GZIP, "body": DAMAGED}, DecodeError),
    Column("too large", {"status": 200, "body": b" " * 10_000}, ResponseTooLargeError),
]


def rows(*names: str) -> pytest.MarkDecorator:
    """Take these rows, or all."""
    params = [pytest.param(row, id=row.name) for row in ROWS if not names or row.name in names]
    return pytest.mark.parametrize("row", params)


def columns(columns: list[Column]) -> pytest.MarkDecorator:
    params = [pytest.param(column, id=column.name) for column in columns]
    return pytest.mark.parametrize("column", params)


@pytest.fixture
async def currents(connect: Connect) -> Currents:
    return await connect(limits=Limits(body=9_999), retries=Retries(attempts=3))


async def error_of(row: Row, currents: Currents) -> Any:
    with pytest.raises(CurrentsError) as caught:
        await row.call(currents)
    return caught.value


class _Alone:
    """Counts how many requests are at the server at once, after the first sixteen."""

    def __init__(self, server: FakeCurrents) -> None:
        self._server = server
        self.after_the_first = 0

    async def __call__(self, _: RecordedRequest) -> None:
        if len(self._server.requests) > 16:
            self.after_the_first = max(self.after_the_first, self._server.in_flight)


def tokens(currents: Currents) -> int:
    return currents._channel.quota.tokens


class TestPermanentFailure:
    """A failure that does not go away."""

    @rows()
    async def test_never_sent(
        self, connect: Connect, clock: ManualClock, unused_port: int, row: Row
    ) -> None:
        currents = await connect(base_url=f"http://127.0.0.1:{unused_port}")
        error = await error_of(row, currents)
        assert type(error) is ConnectError
        assert error.attempts == currents.traffic.requests == 3
        assert clock.waited == [0.025, 0.05]
        assert tokens(currents) == 500 - 28

    @rows()
    @columns(THROTTLED)
    async def test_throttled(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock, row: Row, column: Column
    ) -> None:
        """One probe after the other until the deadline, and none is an attempt that was in vain."""
        server.fail(None, times=None, **column.fault)
        error = await error_of(row, currents)
        assert type(error) is RateLimitedError
        assert error.attempts == len(server.requests) == len(clock.waited) + 1 > 3
        assert clock.waited == sorted(clock.waited)
        assert clock.now() <= Timeouts().total < clock.now() + 2 * clock.waited[-1]
        assert tokens(currents) == 500

    @rows()
    @columns(OPEN)
    async def test_a_request_that_may_have_been_carried_out(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock, row: Row, column: Column
    ) -> None:
        server.fail(None, times=None, **column.fault)
        if column.error is RequestTimeoutError:
            client = currents.with_options(timeouts=Timeouts(read=0.01))
        else:
            client = currents
        error = await error_of(row, client)
        if row.repeatable:
            assert error.attempts == currents.traffic.requests == 3
            assert clock.waited == [0.025, 0.05]
            assert tokens(currents) == 500 - 28
        else:
            assert error.attempts == currents.traffic.requests == 1
            assert clock.waited == []
            assert tokens(currents) == 500
        if client is currents:  # who gives up soon may do so before the server has looked
            assert len(server.requests) == currents.traffic.requests
        if row.ambiguous or not row.repeatable:
            assert type(error) is AmbiguousError
            error = error.error
        assert type(error) is column.error

    @rows()
    @columns(OVERLOADED)
    async def test_an_overload(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock, row: Row, column: Column
    ) -> None:
        """One may be a failure: from some number on they are throttles, and no attempts."""
        server.fail(None, times=None, **column.fault)
        error = await error_of(row, currents)
        assert error.attempts == len(server.requests) == currents.traffic.requests
        if row.repeatable or row.ambiguous:
            assert 3 <= error.attempts < 30
            assert clock.waited[0] == 0.025
            assert clock.now() <= Timeouts().total
            assert tokens(currents) >= 500 - 28
        else:
            assert error.attempts == 1
            assert clock.waited == []
            assert tokens(currents) == 500
        if row.ambiguous or not row.repeatable:
            assert type(error) is AmbiguousError
            error = error.error
        assert type(error) is ServerError

    @rows(*ONE_OF_EACH_KIND)
    @columns(FINAL)
    async def test_another_attempt_would_fail_too(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock, row: Row, column: Column
    ) -> None:
        server.fail(None, times=None, **column.fault)
        error = await error_of(row, currents)
        assert error.attempts == len(server.requests) == 1
        assert type(error) is column.error
        assert clock.waited == []
        assert tokens(currents) == 500


CASES = [
    pytest.param(row, column, id=f"{row.name}-{column.name}")
    for group in (THROTTLED, OPEN, OVERLOADED)
    for column in group
    for row in ROWS
    if (row.repeatable or group is THROTTLED) and column.name != "timeout"
]


class TestTransientFailure:
    """A failure that is gone after an attempt or two."""

    @pytest.mark.parametrize("failures", [1, 2])
    @pytest.mark.parametrize(("row", "column"), CASES)
    async def test_a_success_in_the_end(
        self,
        server: FakeCurrents,
        connect: Connect,
        clock: ManualClock,
        row: Row,
        column: Column,
        failures: int,
    ) -> None:
        currents = await connect()
        server.fail(None, times=failures, **column.fault)
        server.fail(None, 200, None, headers=GZIP, body=COMPRESSED)
        await row.call(currents)
        assert len(server.requests) == failures + 1
        if column in OPEN:
            assert clock.waited == [0.025, 0.05][:failures]
        else:
            assert clock.waited[0] == (0.125 if column in THROTTLED else 0.025)
            assert sum(clock.waited) < failures
        assert tokens(currents) == 500

    @pytest.mark.parametrize(
        ("faults", "waits"),
        [
            (["429", "503"], [0.125, 0.025]),
            (["503", "429"], [0.025, 0.125]),
            (["disconnect", "429"], [0.025, 0.125]),
        ],
    )
    async def test_each_wait_is_for_its_own_reason(
        self,
        server: FakeCurrents,
        currents: Currents,
        clock: ManualClock,
        faults: list[str],
        waits: list[float],
    ) -> None:
        for name in faults:
            [column] = [column for column in THROTTLED + OVERLOADED + OPEN if column.name == name]
            server.fail(None, **column.fault)
        server.fail(None, 200, None, headers=GZIP, body=COMPRESSED)
        await currents.runs.cancel("r")
        assert clock.waited == waits

    @pytest.mark.parametrize("first", ["503", "429"])
    @pytest.mark.parametrize("status", [400, 404, 422])
    async def test_what_cannot_be_repeated_ends_it(
        self, server: FakeCurrents, currents: Currents, first: str, status: int
    ) -> None:
        server.fail("getRun", int(first))
        server.fail("getRun", status)
        with pytest.raises(APIError) as caught:
            await currents.runs.get("r")
        assert caught.value.status == status
        assert caught.value.attempts == len(server.requests) == 2

    async def test_a_write_that_was_refused_and_then_may_have_happened(
        self, server: FakeCurrents, currents: Currents
    ) -> None:
        server.fail("resetRun", 429)
        server.fail("resetRun", 503)
        with pytest.raises(AmbiguousError) as caught:
            await currents.runs.reset("r", ["m"])
        assert isinstance(caught.value.error, ServerError)
        assert caught.value.attempts == len(server.requests) == 2

    async def test_a_write_that_may_have_happened_and_then_was_refused(
        self, server: FakeCurrents, currents: Currents
    ) -> None:
        """The last word is about the last attempt; what became of the first is as open as ever."""
        server.fail("resetRun", 503)
        server.fail("resetRun", 429, None)
        with pytest.raises(AmbiguousError) as caught:
            await currents.runs.reset("r", ["m"], retry_ambiguous=True)
        assert isinstance(caught.value.error, RateLimitedError)
        assert caught.value.attempts == len(server.requests) > 3


class TestRetries:
    @pytest.mark.parametrize(
        ("attempts", "status", "waits"),
        [
            (1, 503, []),
            (2, 500, [0.025]),
            (5, 500, [0.025, 0.05, 0.1, 0.2]),
            (
                12,
                500,
                [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10],
            ),
            (1, 429, []),
        ],
    )
    async def test_attempts(
        self,
        server: FakeCurrents,
        connect: Connect,
        clock: ManualClock,
        attempts: int,
        status: int,
        waits: list[float],
    ) -> None:
        currents = await connect(retries=Retries(attempts=attempts))
        server.fail("getRun", status, None)
        with pytest.raises(APIError) as caught:
            await currents.runs.get("r")
        assert caught.value.attempts == len(server.requests) == attempts
        assert clock.waited == waits

    async def test_of_a_view(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail("getRun", 500, times=None)
        view = currents.with_options(retries=Retries(attempts=1))
        for client, requests in ((view, 1), (currents, 4), (view, 5)):
            with pytest.raises(ServerError):
                await client.runs.get("r")
            assert len(server.requests) == requests
        assert clock.waited == [0.025, 0.05]
        assert tokens(view) == tokens(currents) == 500 - 28

    @pytest.mark.parametrize(
        ("chance", "waits"), [(0.0, []), (0.25, [0.0125, 0.025]), (0.75, [0.0375, 0.075])]
    )
    async def test_backoff_is_random(
        self, server: FakeCurrents, connect: Connect, chance: float, waits: list[float]
    ) -> None:
        clock = ManualClock(chance=chance)
        currents = await connect(clock=clock)
        server.fail("getRun", 500, times=None)
        with pytest.raises(ServerError):
            await currents.runs.get("r")
        assert len(server.requests) == 3
        assert clock.waited == pytest.approx(waits)


class TestThrottled:
    """An attempt that the limiter refuses is no attempt: it is not the request's fault."""

    @pytest.mark.parametrize("attempts", [2, 3])
    @pytest.mark.parametrize("row", [row for row in ROWS if row.name in ONE_OF_EACH_KIND])
    async def test_it_comes_again_until_it_is_accepted(
        self,
        server: FakeCurrents,
        connect: Connect,
        clock: ManualClock,
        row: Row,
        attempts: int,
    ) -> None:
        currents = await connect(retries=Retries(attempts=attempts))
        server.fail(None, 429, times=20, headers={"Retry-After": "1"})
        server.fail(None, 200, body=BODY)
        await row.call(currents)
        assert len(server.requests) == 21
        assert clock.now() >= 20
        assert tokens(currents) == 500

    async def test_failures_in_between_are_counted_as_ever(
        self, server: FakeCurrents, currents: Currents
    ) -> None:
        for status in (429, 500, 429, 429, 500, 429, 500):
            server.fail("getRun", status)
        with pytest.raises(ServerError) as caught:
            await currents.runs.get("r")
        assert caught.value.attempts == len(server.requests) == 7
        assert tokens(currents) == 500 - 28

    async def test_without_retries_there_is_none(
        self, server: FakeCurrents, connect: Connect, clock: ManualClock
    ) -> None:
        currents = await connect(retries=Retries(attempts=1))
        server.fail("getRun", 429, headers={"Retry-After": "1"})
        with pytest.raises(RateLimitedError) as caught:
            await currents.runs.get("r")
        assert caught.value.attempts == len(server.requests) == 1
        assert clock.now() == 0

    async def test_a_server_that_has_stopped_is_left_alone(
        self, server: FakeCurrents, currents: Currents
    ) -> None:
        """After the first refusal thirty more, while it has accepted nothing."""
        server.fail("getRun", 429, times=None, headers={"Retry-After": "0"})
        with pytest.raises(RateLimitedError) as caught:
            await currents.runs.get("r")
        assert caught.value.attempts == len(server.requests) == 31

    async def test_as_long_as_the_server_accepts_others_it_has_not_stopped(
        self, server: FakeCurrents, connect: Connect
    ) -> None:
        currents = await connect(timeouts=Timeouts(total=1000))
        server.fail("getRun", 429, times=100, headers={"Retry-After": "1"})
        server.fail("getRun", 200, body=BODY)
        server.fail("cancelRun", 200, None, body=BODY)
        unlucky = asyncio.create_task(currents.runs.get("r"))
        while not unlucky.done():
            await currents.runs.cancel("r")
        await unlucky
        assert len([one for one in server.requests if one.operation == "getRun"]) == 101

    @pytest.mark.parametrize("status", [502, 503, 504])
    async def test_many_overloads_are_throttles(
        self, server: FakeCurrents, currents: Currents, status: int
    ) -> None:
        """The first ones are failures of a call; when there are many, they are no longer."""
        server.fail("getRun", 200, body=BODY)
        await currents.runs.get("r")
        for _ in range(3):
            server.fail("getRun", status, times=7)
            server.fail("getRun", 200, body=BODY)
        for _ in range(3):
            await currents.runs.get("r")
        assert len(server.requests) == 25

    @pytest.mark.parametrize("status", [502, 503, 504])
    async def test_few_overloads_are_failures(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock, status: int
    ) -> None:
        for _ in range(10):
            server.fail("getRun", status)
            server.fail("getRun", 200, times=32, body=BODY)
        for _ in range(320):
            await currents.runs.get("r")
        assert clock.waited == [0.025] * 10

    @pytest.mark.parametrize("status", [429, 503])
    async def test_a_total_outage_is_probed_one_by_one(
        self, server: FakeCurrents, connect: Connect, clock: ManualClock, status: int
    ) -> None:
        currents = await connect()
        server.fail(None, status, None)
        server.before_response = alone = _Alone(server)

        async def work() -> float:
            with pytest.raises((APIError, RequestTimeoutError)):
                await currents.runs.get("r")
            return clock.now()

        ends = await asyncio.gather(*[work() for _ in range(16)])
        # Who only fails is down after a while; who says that there is too much, may mean it.
        assert max(ends) <= (Timeouts().total if status == 429 else 20)
        assert alone.after_the_first == 1 or status != 429
        assert len(server.requests) < 90


class TestAlreadyDone:
    """The server refuses a repetition because the attempt before did it."""

    @pytest.mark.parametrize("first", [{"fault": "truncate"}, {"fault": "cut-gzip"}])
    async def test_cancelled(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, first: Any
    ) -> None:
        run = project.run(specs=2, running=True)
        server.fail("cancelRun", **first)
        cancelled = await currents.runs.cancel(run.run_id)
        assert cancelled.run_id == run.run_id
        assert [request.status for request in server.requests] == [200, 422]
        assert tokens(currents) == 500

    @pytest.mark.parametrize("first", [{"fault": "truncate"}, {"fault": "cut-gzip"}])
    async def test_deleted(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, first: Any
    ) -> None:
        run = project.run(specs=2)
        server.fail("deleteRun", **first)
        deleted = await currents.runs.delete(run.run_id)
        assert deleted.run_id == run.run_id
        assert [request.status for request in server.requests] == [200, 404]

    @pytest.mark.parametrize("word", ["cancelled", "canceled"])
    @pytest.mark.parametrize(
        "column", [column.name for column in OPEN + OVERLOADED if column.name != "timeout"]
    )
    async def test_after_any_ambiguous_failure(
        self, server: FakeCurrents, currents: Currents, column: str, word: str
    ) -> None:
        [fault] = [one.fault for one in OPEN + OVERLOADED if one.name == column]
        body = b'{"status":"FAILED","error":"Run already %s"}' % word.encode()
        for operation in ("cancelRun", "cancelRunByGithubCI"):
            server.fail(operation, **fault)
            server.fail(operation, 422, body=body)
        assert (await currents.runs.cancel("r")).run_id == "r"
        await currents.runs.cancel_github_ci("1", 1)
        assert len(server.requests) == 4

    async def test_an_ambiguous_attempt_long_ago(
        self, server: FakeCurrents, currents: Currents
    ) -> None:
        server.fail("deleteRun", 503)
        server.fail("deleteRun", 429)
        server.fail("deleteRun", 404)
        assert (await currents.runs.delete("r")).run_id == "r"
        assert len(server.requests) == 3

    @pytest.mark.parametrize(
        ("before", "error", "requests"),
        [
            ([], AlreadyCancelledError, 1),
            ([{"status": 429}], AlreadyCancelledError, 2),
            ([{"status": 429}, {"status": 429}], AlreadyCancelledError, 3),
        ],
    )
    async def test_done_by_another_client(
        self,
        server: FakeCurrents,
        currents: Currents,
        before: list[Any],
        error: type[CurrentsError],
        requests: int,
    ) -> None:
        """An attempt that was refused did nothing: the run had been cancelled by somebody else."""
        for fault in before:
            server.fail("cancelRun", **fault)
        server.fail("cancelRun", 422, body=b'{"error":"Run already cancelled"}')
        with pytest.raises(error) as caught:
            await currents.runs.cancel("r")
        assert getattr(caught.value, "attempts", 0) == len(server.requests) == requests

    @pytest.mark.parametrize("status", [404, 409, 422])
    async def test_another_refusal_is_raised(
        self, server: FakeCurrents, currents: Currents, status: int
    ) -> None:
        server.fail("cancelRun", 503)
        server.fail("cancelRun", status)
        with pytest.raises(APIError) as caught:
            await currents.runs.cancel("r")
        assert caught.value.status == status

    async def test_only_for_what_can_be_done_once(
        self, server: FakeCurrents, currents: Currents
    ) -> None:
        server.fail("getRun", 503)
        server.fail("getRun", 404)
        with pytest.raises(NotFoundError):
            await currents.runs.get("r")


class TestQuota:
    async def test_a_total_outage(self, server: FakeCurrents, connect: Connect) -> None:
        """500 tokens are 35 retries at 14."""
        currents = await connect(limits=Limits(rate=1e6))
        server.fail(None, 500, None)
        waiting = iter(range(300))

        async def work() -> None:
            for _ in waiting:
                with pytest.raises(APIError):
                    await currents.runs.get("r")

        async with asyncio.TaskGroup() as group:
            for _ in range(16):
                group.create_task(work())
        assert len(server.requests) == currents.traffic.requests == 335

    async def test_without_tokens_there_is_no_retry(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        currents._channel.quota.tokens = 18
        server.fail("getRun", 500, times=None)
        for requests in (2, 3):
            with pytest.raises(ServerError):
                await currents.runs.get("r")
            assert len(server.requests) == requests
        assert tokens(currents) == 4
        assert clock.waited == [0.025]

    async def test_successes_earn_tokens(self, server: FakeCurrents, currents: Currents) -> None:
        currents._channel.quota.tokens = 0
        server.fail("cancelRun", 200, None, body=BODY)
        for _ in range(14):
            await currents.runs.cancel("r")
        assert tokens(currents) == 14
        server.fail("getRun", 500, times=None)
        with pytest.raises(ServerError) as caught:
            await currents.runs.get("r")
        assert caught.value.attempts == 2
        assert tokens(currents) == 0

    async def test_a_retry_that_helps_costs_nothing(
        self, server: FakeCurrents, currents: Currents
    ) -> None:
        currents._channel.quota.tokens = 28
        for _ in range(10):
            server.fail("cancelRun", 500, times=2)
            server.fail("cancelRun", 200, body=BODY)
            await currents.runs.cancel("r")
        assert tokens(currents) == 28
        assert len(server.requests) == 30

    async def test_a_refusal_gives_nothing_back(
        self, server: FakeCurrents, currents: Currents
    ) -> None:
        server.fail("getRun", 503)
        server.fail("getRun", 400)
        with pytest.raises(BadRequestError):
            await currents.runs.get("r")
        assert tokens(currents) == 486
