"""What a test can say about the requests that a fake service got."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from currents_async import Currents, InvalidArgumentError
from currents_async.testing import FakeCurrents, RecordedRequest, Requests

SECRET = "fake-currents-api-key"


def one(**changes: Any) -> RecordedRequest:
    fields: dict[str, Any] = {
        "operation": "getRun",
        "method": "GET",
        "path": "/runs/r",
        "path_args": {"run_id": "r"},
        "query": [],
        "headers": CIMultiDictProxy(CIMultiDict[str]()),
        "authorized": True,
        "request_id": "fake-1",
        "at": 0.0,
        "started": 1,
        "status": 200,
    }
    return RecordedRequest(**fields | changes)


def at(*times: float) -> Requests:
    return Requests(one(at=time) for time in times)


def spans(pairs: Iterable[tuple[int, int | None]]) -> Requests:
    """Requests by their marks of arrival and end."""
    return Requests(one(started=started, finished=finished) for started, finished in pairs)


RUN = one()
TAGGED = one(query=[("tags[]", "a"), ("tags[]", "b"), ("limit", "5")], status=503)
INSTANCE = one(operation="getInstance", path="/instances/i", path_args={"instance_id": "i"})
CANCEL = one(operation="cancelRun", method="PUT", path="/runs/r/cancel", status=None)
ALL = Requests([RUN, TAGGED, INSTANCE, CANCEL])


class TestList:
    def test_it_is_a_list(self) -> None:
        assert Requests() == []
        assert Requests([RUN]) == [RUN]
        assert len(ALL) == 4
        assert ALL[0] is RUN
        assert ALL[-2:] == [INSTANCE, CANCEL]
        assert [request.operation for request in ALL].count("getRun") == 2

    async def test_of_a_server(self, server: FakeCurrents, currents: Currents) -> None:
        assert server.requests == []
        run = server.world.project().run(specs=2)
        await currents.runs.get_instances(run.run_id)
        server.requests.assert_count(3)
        server.requests.assert_sent("getRun", times=1, run_id=run.run_id)
        for spec in run.specs:
            server.requests.assert_sent("getInstance", times=1, instance_id=str(spec.instance_id))
        server.requests.of(status=200).assert_count(3)
        server.requests.assert_none("cancelRun")


class TestOf:
    @pytest.mark.parametrize(
        ("arguments", "found"),
        [
            ({}, ALL),
            ({"operation": "getRun"}, [RUN, TAGGED]),
            ({"operation": "getRun", "run_id": "r"}, [RUN, TAGGED]),
            ({"operation": "getRun", "run_id": "s"}, []),
            ({"run_id": "r"}, [RUN, TAGGED, CANCEL]),
            ({"method": "PUT"}, [CANCEL]),
            ({"status": 200}, [RUN, INSTANCE]),
            ({"operation": "getRun", "status": 503}, [TAGGED]),
            ({"query": {}}, ALL),
            ({"query": {"limit": "5"}}, [TAGGED]),
            ({"query": {"limit": ["5"]}}, [TAGGED]),
            ({"query": {"tags[]": ["a", "b"]}}, [TAGGED]),
            ({"query": {"tags[]": ("a", "b"), "limit": "5"}}, [TAGGED]),
            ({"query": {"tags[]": "a"}}, []),
            ({"query": {"tags[]": ["b", "a"]}}, []),
            ({"query": {"limit": []}}, [RUN, INSTANCE, CANCEL]),
            ({"operation": "downloadAsset"}, []),
        ],
        ids=str,
    )
    def test_narrows(self, arguments: Any, found: list[RecordedRequest]) -> None:
        assert ALL.of(**arguments) == found
        assert isinstance(ALL.of(**arguments), Requests)

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"operation": "getRuns"}, "operation must be one of .*'getRun'"),
            ({"operation": "getRun", "runId": "r"}, r"one of \['run_id'\], not 'runId'"),
            ({"operation": "getRun", "instance_id": "i"}, r"one of \['run_id'\], not"),
            ({"runId": "r"}, "one of .*'run_id'.*, not 'runId'"),
        ],
        ids=str,
    )
    def test_what_could_never_match_is_an_error(self, arguments: Any, words: str) -> None:
        for ask in (ALL.of, ALL.assert_none):
            with pytest.raises(InvalidArgumentError, match=words):
                ask(**arguments)


class TestCounts:
    def test_count(self) -> None:
        ALL.assert_count(4)
        Requests().assert_count(0)
        with pytest.raises(AssertionError, match="4 requests, not 3"):
            ALL.assert_count(3)

    @pytest.mark.parametrize(
        "arguments",
        [
            {"operation": "getRun"},
            {"operation": "getRun", "times": 2},
            {"operation": "getRun", "times": 1, "query": {"limit": "5"}},
            {"operation": "getInstance", "times": 1, "instance_id": "i"},
            {"operation": "getInstance", "times": 0, "instance_id": "j"},
        ],
        ids=str,
    )
    def test_sent(self, arguments: Any) -> None:
        ALL.assert_sent(**arguments)

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"operation": "findRun"}, r"0 requests findRun\(\), not any"),
            ({"operation": "getRun", "times": 1}, r"2 requests getRun\(\), not 1"),
            ({"operation": "getRun", "times": 0}, r"2 requests getRun\(\), not 0"),
            (
                {"operation": "getRun", "run_id": "s", "query": {"limit": "6"}},
                r"0 requests getRun\(run_id='s', query=\{'limit': '6'\}\), not any",
            ),
        ],
        ids=str,
    )
    def test_not_sent(self, arguments: Any, words: str) -> None:
        with pytest.raises(AssertionError, match=words):
            ALL.assert_sent(**arguments)

    def test_none(self) -> None:
        ALL.assert_none("findRun")
        ALL.assert_none("getRun", run_id="s")
        Requests().assert_none()
        for arguments in ({"operation": "getRun"}, {"run_id": "r"}, {}):
            with pytest.raises(AssertionError, match="requests, not 0"):
                ALL.assert_none(**arguments)


class TestInFlight:
    @pytest.mark.parametrize(
        ("pairs", "peak"),
        [
            ([], 0),
            ([(1, 2), (3, 4)], 1),
            ([(1, 3), (2, 4)], 2),
            ([(1, 6), (2, 3), (4, 5)], 2),
            ([(1, None), (2, 3), (4, None), (5, None)], 3),
        ],
        ids=str,
    )
    def test_peak(self, pairs: list[tuple[int, int | None]], peak: int) -> None:
        spans(pairs).assert_in_flight(max_requests=peak)
        if peak:
            with pytest.raises(AssertionError, match=f"{peak} requests in flight at once, more"):
                spans(pairs).assert_in_flight(max_requests=peak - 1)

    @given(st.data(), st.integers(1, 12))
    def test_against_counting_at_every_mark(self, data: st.DataObject, count: int) -> None:
        marks = data.draw(st.permutations(range(2 * count)))
        pairs = sorted((min(pair), max(pair)) for pair in zip(marks[::2], marks[1::2], strict=True))
        peak = max(sum(start <= mark < end for start, end in pairs) for mark in marks)
        spans(pairs).assert_in_flight(max_requests=peak)
        with pytest.raises(AssertionError):
            spans(pairs).assert_in_flight(max_requests=peak - 1)

    async def test_of_a_server(self, serve: Any) -> None:
        async with serve() as served:
            hold_back(served.server, 3)
            await asyncio.gather(*(served.call("GET", "instances/i") for _ in range(3)))
            await served.call("GET", "runs/r")
            served.server.requests.assert_in_flight(max_requests=3)
            served.server.requests.of("getRun").assert_in_flight(max_requests=1)
            with pytest.raises(AssertionError, match="3 requests in flight"):
                served.server.requests.assert_in_flight(max_requests=2)


class TestRate:
    @pytest.mark.parametrize(
        ("times", "max_requests", "per"),
        [
            ([], 1, 1.0),
            ([0, 0, 0], 3, 1.0),
            ([0, 1, 2], 1, 1.0),
            ([number * 0.1 for number in range(50)], 10, 1.0),
            ([0, 0, 10, 10], 2, 10),
        ],
    )
    def test_kept(self, times: list[float], max_requests: int, per: float) -> None:
        at(*times).assert_rate(max_requests=max_requests, per=per)

    @pytest.mark.parametrize(
        ("times", "max_requests", "per"),
        [
            ([0, 0, 0], 2, 1.0),
            ([0, 0.99], 1, 1.0),
            ([0, 5, 9, 9.5, 9.9], 2, 1.0),
            ([number * 0.1 for number in range(50)], 9, 1.0),
        ],
    )
    def test_not_kept(self, times: list[float], max_requests: int, per: float) -> None:
        with pytest.raises(AssertionError, match=f"more than {max_requests} requests in {per} s"):
            at(*times).assert_rate(max_requests=max_requests, per=per)

    @given(st.lists(st.integers(0, 30), min_size=1, max_size=30), st.integers(1, 10))
    def test_against_all_windows(self, times: list[int], per: int) -> None:
        times.sort()
        most = max(sum(begin <= time < begin + per for time in times) for begin in times)
        at(*times).assert_rate(max_requests=most, per=per)
        with pytest.raises(AssertionError):
            at(*times).assert_rate(max_requests=most - 1, per=per)


class TestMessages:
    def test_list_what_was_sent(self) -> None:
        with pytest.raises(AssertionError) as caught:
            ALL.assert_count(0)
        assert str(caught.value).splitlines() == [
            "4 requests, not 0:",
            "  GET /runs/r: 200",
            "  GET /runs/r?tags[]=a&tags[]=b&limit=5: 503",
            "  GET /instances/i: 200",
            "  PUT /runs/r/cancel: no response",
        ]

    def test_are_limited_in_length(self) -> None:
        with pytest.raises(AssertionError) as caught:
            Requests([RUN] * 500).assert_none()
        assert len(str(caught.value).splitlines()) == 22
        assert str(caught.value).endswith("\n  and 480 more")

    def test_show_the_window(self) -> None:
        with pytest.raises(AssertionError) as caught:
            Requests([one(at=0), one(at=5, path="/a"), one(at=5, path="/b")]).assert_rate(
                max_requests=1
            )
        assert str(caught.value).splitlines()[1:] == ["  GET /a: 200", "  GET /b: 200"]

    async def test_show_no_key(self, server: FakeCurrents, currents: Currents) -> None:
        await currents.projects.list()
        with pytest.raises(AssertionError) as caught:
            server.requests.assert_none("listProjects")
        assert SECRET in server.api_key
        assert SECRET not in str(caught.value) + repr(server.requests)


def hold_back(server: FakeCurrents, count: int) -> None:
    """Respond to no request before that many have arrived."""
    together = asyncio.Event()

    async def hold(_: RecordedRequest) -> None:
        if server.in_flight == count:
            together.set()
        await together.wait()

    before: Callable[[RecordedRequest], Awaitable[None]] = hold
    server.before_response = before
