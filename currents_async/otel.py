"""Spans and metrics for OpenTelemetry, with the extra `otel`.

async with Currents(observer=OpenTelemetry()) as currents: ...
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    TracerProvider,
    get_tracer,
)
from opentelemetry.util.types import AttributeValue

from currents_async._transport import Observer, RateInUse, RequestAttempt, RequestCall
from currents_async._version import __version__

__all__ = ["OpenTelemetry"]

_SCHEMA = "https://opentelemetry.io/schemas/1.23.0"
"""The first version in which all of these attributes are stable."""
_PORTS = {"http": 80, "https": 443}


class OpenTelemetry(Observer):
    """One span for each call, with an event for each of its attempts, and metrics of the rate.

    A span is named after the operation, for example `getRun`. It is a child of the current span at
    the beginning of the call, and lasts until the response is decoded, or its stream is left.
    Attributes are those of HTTP clients, and `currents.operation`; failed calls have the class of
    their error as `error.type`. No span shows the API key, values of a query, or texts of the
    server. Several clients may share an instance. Without `tracer_provider` and `meter_provider` it
    uses the global ones.

    Metrics are the counters `currents.client.throttles`, of responses with status 429, and
    `currents.client.cache.lookups`, with `result` as `hit` or `miss`; and the gauges
    `currents.client.rate.limit` in requests per second, with the `reason` of `RateInUse`, and
    `currents.client.rate.slots`, the requests that may be in flight at once. They are set when a
    limit is found or has changed; a limit that is gone is recorded as 0.

    Source: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span, for the
    top-most operation.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self._tracer = get_tracer("currents_async", __version__, tracer_provider, _SCHEMA)
        meter = get_meter("currents_async", __version__, meter_provider, _SCHEMA)
        self._throttles = meter.create_counter(
            "currents.client.throttles", "{response}", "Responses with status 429"
        )
        self._lookups = meter.create_counter(
            "currents.client.cache.lookups", "{lookup}", "Responses looked for in the cache"
        )
        self._limit = meter.create_gauge(
            "currents.client.rate.limit", "{request}/s", "The rate in use; 0 without a limit"
        )
        self._slots = meter.create_gauge(
            "currents.client.rate.slots", "{request}", "Requests at once; 0 without a limit"
        )
        self._open: dict[int, _OpenSpan] = {}
        """By the identity of the call, because calls of different clients have the same numbers."""

    def call_began(self, call: RequestCall) -> None:
        """Start a span."""
        span = self._tracer.start_span(
            call.operation, kind=SpanKind.CLIENT, attributes=_attributes_of_call(call)
        )
        self._open[id(call)] = _OpenSpan(span)

    def attempt_ended(self, attempt: RequestAttempt) -> None:
        """Add an event to the span of the call."""
        if attempt.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._throttles.add(1)
        if attempt.cache is not None:
            self._lookups.add(1, {"result": attempt.cache})
        opened = self._open.get(id(attempt.call))
        if opened is None:
            return
        opened.last = attempt
        if opened.span.is_recording():
            opened.span.add_event("attempt", _attributes_of_attempt(attempt))

    def call_ended(self, call: RequestCall, error: BaseException | None) -> None:
        """End the span."""
        opened = self._open.pop(id(call), None)
        if opened is None:
            return
        span, last = opened.span, opened.last
        if last is not None and last.status is not None:
            span.set_attribute("http.response.status_code", last.status)
        if last is not None and last.attempt > 1:
            span.set_attribute("http.request.resend_count", last.attempt - 1)
        if error is not None:
            span.set_attribute("error.type", _type_of(error))
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        span.end()

    def rate_changed(self, rate: RateInUse) -> None:
        """Record the limit."""
        self._limit.set(rate.per_second or 0, {"reason": rate.reason})
        self._slots.set(rate.slots or 0)


class _OpenSpan:
    def __init__(self, span: Span) -> None:
        self.span = span
        self.last: RequestAttempt | None = None


def _attributes_of_call(call: RequestCall) -> dict[str, AttributeValue]:
    parts = urlsplit(call.url)
    return {
        "currents.operation": call.operation,
        "http.request.method": call.method,
        "server.address": parts.hostname or "",
        "server.port": parts.port or _PORTS[parts.scheme],
        "url.full": _without_values(call.url),
    }


def _attributes_of_attempt(attempt: RequestAttempt) -> dict[str, AttributeValue]:
    """Describe an attempt; times are in seconds."""
    known: dict[str, AttributeValue | None] = {
        "currents.attempt.number": attempt.attempt,
        "currents.attempt.waited": attempt.waited,
        "currents.attempt.until_headers": attempt.until_headers,
        "currents.attempt.duration": attempt.duration,
        "currents.cache": attempt.cache,
        "currents.request_id": attempt.request_id,
        "currents.response.inflated_size": attempt.inflated_bytes,
        "error.type": None if attempt.error is None else _type_of(attempt.error),
        "http.response.body.size": attempt.wire_bytes,
        "http.response.status_code": attempt.status,
    }
    return {name: value for name, value in known.items() if value is not None}


def _without_values(url: str) -> str:
    """Redact the values of a query, which may be signatures or names of branches or people."""
    address, mark, query = url.partition("?")
    pairs = (pair.partition("=") for pair in query.split("&"))
    return address + mark + "&".join(name + sign + (sign and "REDACTED") for name, sign, _ in pairs)


def _type_of(error: BaseException) -> str:
    kind = type(error)
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
