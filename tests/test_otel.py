"""Spans of calls, in the memory of OpenTelemetry's own SDK."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode
from yarl import URL

from currents_async import (
    AmbiguousError,
    ConnectError,
    Currents,
    CurrentsError,
    DecodeError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    Retries,
    ServerError,
    UnauthorizedError,
    otel,
)
from currents_async._transport.tracing import RequestAttempt, RequestCall
from currents_async._version import __version__
from currents_async.otel import OpenTelemetry
from currents_async.testing import FakeCurrents, WorldProject
from currents_async.testing.clock import ManualClock
from currents_async.testing.faults import BODY

Connect = Callable[..., Awaitable[Currents]]

KEY = "sk-a-very-secret-key"


class Spans:
    """What has been exported."""

    def __init__(self) -> None:
        self.provider = TracerProvider()
        self._exporter = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    @property
    def all(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    @property
    def only(self) -> ReadableSpan:
        [span] = self.all
        return span


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def connect(server: FakeCurrents, clock: ManualClock, spans: Spans) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:

        async def connect(key: str = server.api_key, **options: Any) -> Currents:
            observer = OpenTelemetry(spans.provider)
            options = {"base_url": server.url, "clock": clock, "observer": observer, **options}
            return await stack.enter_async_context(Currents(key, **options))

        yield connect


@pytest.fixture
async def currents(connect: Connect) -> Currents:
    return await connect()


def attributes_of(span: Any) -> Mapping[str, Any]:
    return span.attributes or {}


def text_of(span: ReadableSpan) -> str:
    text: str = span.to_json()
    return text


def port_of(server: FakeCurrents) -> int | None:
    return URL(server.url).port


class TestSuccess:
    async def test_one_span_with_the_standard_attributes(
        self, server: FakeCurrents, currents: Currents, spans: Spans, project: WorldProject
    ) -> None:
        run = project.run(specs=3)
        await currents.runs.get(run.run_id)
        span = spans.only
        assert span.name == "getRun"
        assert span.kind is SpanKind.CLIENT
        assert span.status.status_code is StatusCode.UNSET
        assert span.status.description is None
        assert attributes_of(span) == {
            "currents.operation": "getRun",
            "http.request.method": "GET",
            "http.response.status_code": 200,
            "server.address": "127.0.0.1",
            "server.port": port_of(server),
            "url.full": f"{server.url}/runs/{run.run_id}",
        }
        scope = span.instrumentation_scope
        assert scope is not None
        assert (scope.name, scope.version) == ("currents_async", __version__)

    async def test_an_event_for_the_attempt(
        self, server: FakeCurrents, currents: Currents, spans: Spans, project: WorldProject
    ) -> None:
        await currents.runs.get(project.run(specs=3).run_id)
        [event] = spans.only.events
        assert event.name == "attempt"
        assert attributes_of(event) == {
            "currents.attempt.number": 1,
            "currents.attempt.waited": 0.0,
            "currents.attempt.until_headers": 0.0,
            "currents.attempt.duration": 0.0,
            "currents.request_id": server.requests[0].request_id,
            "currents.response.inflated_size": currents.traffic.inflated_bytes,
            "http.response.body.size": server.bytes_sent,
            "http.response.status_code": 200,
        }

    async def test_of_a_stream_ends_with_it(
        self, currents: Currents, spans: Spans, project: WorldProject
    ) -> None:
        async with currents.runs.stream(project.run(specs=30).run_id) as specs:
            async for _ in specs:
                assert not spans.all
        assert spans.only.status.status_code is StatusCode.UNSET
        assert len(spans.only.events) == 1

    async def test_of_a_fan_out_one_for_each_call(
        self, currents: Currents, spans: Spans, project: WorldProject
    ) -> None:
        run = project.run(specs=20)
        await currents.runs.get_instances(run.run_id)
        names = [span.name for span in spans.all]
        assert sorted(names) == ["getInstance"] * 20 + ["getRun"]
        assert {len(span.events) for span in spans.all} == {1}


class TestAttempts:
    async def test_each_is_an_event(
        self, server: FakeCurrents, currents: Currents, spans: Spans
    ) -> None:
        server.fail("getRun", 429, headers={"Retry-After": "7"})
        server.fail("getRun", fault="close")
        server.fail("getRun", 200, body=BODY)
        await currents.runs.get("r")
        span = spans.only
        assert span.status.status_code is StatusCode.UNSET
        assert attributes_of(span)["http.request.resend_count"] == 2
        assert attributes_of(span)["http.response.status_code"] == 200
        assert "error.type" not in attributes_of(span)
        seen = [
            [
                attributes_of(event).get(name)
                for name in (
                    "currents.attempt.number",
                    "currents.attempt.waited",
                    "http.response.status_code",
                    "error.type",
                )
            ]
            for event in span.events
        ]
        assert seen[:2] == [
            [1, 0.0, 429, "currents_async.errors.RateLimitedError"],
            [2, 7.0, None, "currents_async.errors.TransportError"],
        ]
        assert seen[2][2:] == [200, None]

    async def test_a_cancellation_done_before_is_a_success(
        self, server: FakeCurrents, currents: Currents, spans: Spans
    ) -> None:
        server.fail("cancelRun", 503)
        server.fail("cancelRun", 422, body=b'{"error":"Run already cancelled"}')
        await currents.runs.cancel("r")
        assert spans.only.status.status_code is StatusCode.UNSET
        assert attributes_of(spans.only)["http.response.status_code"] == 422


class TestFailure:
    @pytest.mark.parametrize(
        ("fault", "error", "status"),
        [
            ({"status": 404}, NotFoundError, 404),
            ({"status": 503}, ServerError, 503),
            ({"status": 429, "headers": {"Retry-After": "100"}}, RateLimitedError, 429),
            ({"status": 200, "body": b"<html>"}, DecodeError, 200),
        ],
    )
    async def test_has_the_class_of_the_error(
        self,
        server: FakeCurrents,
        connect: Connect,
        spans: Spans,
        fault: Any,
        error: type[CurrentsError],
        status: int,
    ) -> None:
        currents = await connect(retries=Retries(attempts=1))
        server.fail("getRun", **fault)
        with pytest.raises(error):
            await currents.runs.get("r")
        span = spans.only
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == error.__name__
        assert attributes_of(span)["error.type"] == f"currents_async.errors.{error.__name__}"
        assert attributes_of(span)["http.response.status_code"] == status
        assert "http.request.resend_count" not in attributes_of(span)

    async def test_of_the_connection_has_no_status(
        self, connect: Connect, spans: Spans, unused_port: int
    ) -> None:
        currents = await connect(base_url=f"http://127.0.0.1:{unused_port}")
        with pytest.raises(ConnectError):
            await currents.runs.get("r")
        span = spans.only
        assert "http.response.status_code" not in attributes_of(span)
        assert attributes_of(span)["server.port"] == unused_port
        assert attributes_of(span)["http.request.resend_count"] == 2
        assert len(span.events) == 3
        assert "currents.attempt.until_headers" not in attributes_of(span.events[0])

    async def test_the_last_attempt_has_the_last_word(
        self, server: FakeCurrents, currents: Currents, spans: Spans
    ) -> None:
        server.fail("resetRun", 429)
        server.fail("resetRun", fault="close")
        with pytest.raises(AmbiguousError):
            await currents.runs.reset("r", ["m"])
        assert attributes_of(spans.only)["error.type"] == "currents_async.errors.AmbiguousError"
        assert "http.response.status_code" not in attributes_of(spans.only)

    async def test_never_sent(self, server: FakeCurrents, currents: Currents, spans: Spans) -> None:
        server.fail("getRun", 429, headers={"Retry-After": "100"})
        for _ in range(2):
            with pytest.raises(RateLimitedError):
                await currents.runs.get("r")
        first, second = spans.all
        assert (len(first.events), len(second.events)) == (1, 0)
        assert "http.response.status_code" not in attributes_of(second)
        assert second.status.status_code is StatusCode.ERROR

    async def test_cancelled(self, server: FakeCurrents, currents: Currents, spans: Spans) -> None:
        server.fail("getRun", fault="stall")
        task = asyncio.create_task(currents.runs.get("r"))
        async with asyncio.timeout(20):
            while not server.requests:  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await server.idle()
        assert spans.only.status.description == "CancelledError"
        assert attributes_of(spans.only)["error.type"] == "asyncio.exceptions.CancelledError"

    async def test_an_error_of_the_reader_of_a_stream(
        self, currents: Currents, spans: Spans, project: WorldProject
    ) -> None:
        run = project.run(specs=3)
        with pytest.raises(ZeroDivisionError):
            async with currents.runs.stream(run.run_id):
                raise ZeroDivisionError
        assert len(spans.only.events) == 1


class TestParents:
    async def test_the_span_that_is_current(
        self, currents: Currents, spans: Spans, project: WorldProject
    ) -> None:
        run = project.run(specs=3)
        tracer = spans.provider.get_tracer("app")
        with tracer.start_as_current_span("app") as parent:
            await currents.runs.get_instances(run.run_id)
            assert trace.get_current_span() is parent  # ours is never current
        *children, app = spans.all
        assert app.name == "app"
        assert len(children) == 4
        for child in children:
            assert child.parent == parent.get_span_context()

    async def test_none(self, currents: Currents, spans: Spans, project: WorldProject) -> None:
        await currents.runs.get(project.run(specs=1).run_id)
        assert spans.only.parent is None

    async def test_tasks_do_not_mix(
        self, server: FakeCurrents, currents: Currents, spans: Spans
    ) -> None:
        tracer = spans.provider.get_tracer("app")
        server.fail("getInstance", 200, None, body=BODY)

        async def work(name: str) -> None:
            with tracer.start_as_current_span(name):
                await currents.instances.get(name)

        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(work(f"i{number}"))
        parents = {span.context.span_id: span.name for span in spans.all if span.context}
        calls = [span for span in spans.all if span.name == "getInstance"]
        assert len(calls) == 20
        for span in calls:
            assert span.parent is not None
            url: str = attributes_of(span)["url.full"]
            assert url.endswith("/" + parents[span.parent.span_id])


class TestSecrets:
    async def test_values_of_a_query_are_redacted(
        self, server: FakeCurrents, currents: Currents, spans: Spans
    ) -> None:
        server.fail("findRun", 200, body=BODY)
        await currents.runs.find("p", branch="feature/secret", tags=["a", "b&c"])
        url = attributes_of(spans.only)["url.full"]
        assert url == (
            f"{server.url}/runs/find?projectId=REDACTED&branch=REDACTED"
            "&tags%5B%5D=REDACTED&tags%5B%5D=REDACTED"
        )
        assert "secret" not in text_of(spans.only)

    async def test_texts_of_the_server_are_left_out(
        self, server: FakeCurrents, currents: Currents, spans: Spans
    ) -> None:
        server.fail("getRun", 403, body=b'{"error":"the token of alice@example.org is no good"}')
        with pytest.raises(ForbiddenError):
            await currents.runs.get("r")
        assert "alice" not in text_of(spans.only)

    async def test_the_key(self, connect: Connect, spans: Spans, project: WorldProject) -> None:
        currents = await connect(KEY)
        with pytest.raises(UnauthorizedError):
            await currents.runs.get(project.run(specs=1).run_id)
        assert KEY not in text_of(spans.only)

    async def test_a_key_that_the_server_quotes(
        self, server: FakeCurrents, connect: Connect, spans: Spans
    ) -> None:
        currents = await connect(KEY)
        server.fail("getRun", 503, headers={"X-Request-Id": f"for {KEY}"})
        server.fail("getRun", 200, body=BODY)
        await currents.runs.get("r")
        assert KEY not in text_of(spans.only)

    async def test_a_key_in_the_wrong_place(self, connect: Connect, spans: Spans) -> None:
        currents = await connect(KEY)
        with pytest.raises(UnauthorizedError):
            await currents.runs.get(KEY)
        assert KEY not in text_of(spans.only)


class TestObserver:
    async def test_shared_by_clients_with_the_same_call_numbers(
        self, server: FakeCurrents, connect: Connect, spans: Spans
    ) -> None:
        observer = OpenTelemetry(spans.provider)
        server.fail(None, 200, None, body=BODY)
        one, other = [await connect(observer=observer) for _ in range(2)]
        async with one.runs.stream("r"), other.runs.stream("r"):
            assert not spans.all
        assert [len(span.events) for span in spans.all] == [1, 1]
        assert not observer._open

    @pytest.mark.parametrize(
        ("url", "address", "port"),
        [
            ("https://api.currents.dev/v1/runs/r", "api.currents.dev", 443),
            ("http://localhost/v1/runs/r", "localhost", 80),
            ("http://[::1]:5/v1/runs/r", "::1", 5),
        ],
    )
    def test_address_and_port(self, spans: Spans, url: str, address: str, port: int) -> None:
        observer = OpenTelemetry(spans.provider)
        call = RequestCall(number=1, operation="getRun", method="GET", url=url)
        observer.call_began(call)
        observer.call_ended(call, None)
        attributes = attributes_of(spans.only)
        assert (attributes["server.address"], attributes["server.port"]) == (address, port)
        assert attributes["url.full"] == url

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("?", "?"),
            ("?a=1", "?a=REDACTED"),
            ("?a=1=2&b&c=", "?a=REDACTED&b&c=REDACTED"),
            ("?sig=abc%26&x=?&y=/", "?sig=REDACTED&x=REDACTED&y=REDACTED"),
        ],
    )
    def test_values_of_a_query(self, spans: Spans, query: str, shown: str) -> None:
        observer = OpenTelemetry(spans.provider)
        url = "https://host/path"
        call = RequestCall(number=1, operation="o", method="GET", url=url + query)
        observer.call_began(call)
        observer.call_ended(call, None)
        assert attributes_of(spans.only)["url.full"] == url + shown

    def test_a_call_without_a_known_beginning(self, spans: Spans) -> None:
        observer = OpenTelemetry(spans.provider)
        call = RequestCall(number=1, operation="o", method="GET", url="https://host/")
        observer.attempt_ended(
            RequestAttempt(
                call=call,
                attempt=1,
                status=200,
                request_id=None,
                error=None,
                waited=0,
                until_headers=0,
                duration=0,
                wire_bytes=0,
                inflated_bytes=0,
            )
        )
        observer.call_ended(call, None)
        assert not spans.all

    async def test_not_sampled(
        self, server: FakeCurrents, connect: Connect, project: WorldProject
    ) -> None:
        observer = OpenTelemetry(TracerProvider(sampler=ALWAYS_OFF))
        currents = await connect(observer=observer)
        await currents.runs.get(project.run(specs=1).run_id)
        assert not observer._open

    async def test_without_any_provider(self, connect: Connect, project: WorldProject) -> None:
        currents = await connect(observer=OpenTelemetry())
        await currents.runs.get(project.run(specs=1).run_id)


def test_opentelemetry_is_imported_only_when_used() -> None:
    assert otel.__all__ == ["OpenTelemetry"]
    code = "import sys, currents_async; print([m for m in sys.modules if 'opentelemetry' in m])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)  # noqa: S603 - our own code
    assert ran.stdout == "[]\n"
