"""Shares and trace links: snapshots of failures, reports and traces, behind URLs that expire.

Source: `docs/api/operations.md`, "Sharing and traces".
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from currents_async._resources.shares import CREATE_SHARE
from currents_async._resources.traces import CREATE_SESSION_TRACE_LINK, CREATE_TRACE_LINK
from currents_async.testing._serving.api_request import ApiRequest, Route
from currents_async.testing._serving.api_response import ApiResponse, RefusedError, found
from currents_async.testing._world.executions import join_title
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.links import SHARES, TRACES
from currents_async.testing._world.schema_2 import read_tests
from currents_async.testing.world import World, WorldExecution

_DAY = 24 * 60 * 60 * 1000


def create_share(world: World, request: ApiRequest) -> ApiResponse:
    """POST /share: of what its target is now; refused while `World.sharing` is False."""
    request.end()
    body = request.read_body(_NewShare)
    if not world.sharing:
        raise RefusedError(403, "Public sharing is turned off for this organization")
    days = body.expires_in_days or (1 if body.purpose == "fix" else 7)
    expires = request.now + days * _DAY
    token = world.shares.add(_write(world, body), expires=expires)
    return ApiResponse(
        {
            "purpose": body.purpose,
            "url": f"{SHARES}/ai/{token}.md",
            "pageUrl": f"{SHARES}/ai/{token}",
            "expiresAt": world.shares[token].expires_at,
        },
        status=201,
    )


def create_trace_link(world: World, request: ApiRequest) -> ApiResponse:
    """POST /instances/{instanceId}/trace-link: to the highest attempt that has a trace."""
    request.end()
    body = request.read_body(_NewTraceLink)
    instance = found(world.instance(request.path_args["instance_id"]), "Instance")
    tests = (test for test in read_tests(instance) if test["testId"] == body.test_id)
    test = found(next(tests, None), "Test")
    attempt = max((one["testAttemptIndex"] for one in _traces(instance, body)), default=None)
    if attempt is None:
        raise RefusedError(404, "No trace found for this test attempt")
    markdown = f"# {join_title(test['title'])}\n\n- Attempt: {attempt}\n- State: {test['state']}\n"
    link = _link(world, request, markdown, body.ttl_seconds)
    return ApiResponse({**link, "testId": body.test_id, "attemptIndex": attempt}, status=201)


def create_session_trace_link(world: World, request: ApiRequest) -> ApiResponse:
    """POST /sessions/…/trace-link: the trace may not have been uploaded."""
    request.end()
    body = request.read_body(_NewSessionTraceLink)
    trace = found(world.attachments.get(request.path_args["attachment_id"]), "Attachment")
    if trace.owner != {"sessionId": request.path_args["session_id"]} or trace.type != "trace":
        raise RefusedError(404, "No trace found for this attachment")
    link = _link(world, request, f"# {trace.name}\n", body.ttl_seconds)
    return ApiResponse({**link, "attachmentId": trace.attachment_id}, status=201)


def _traces(instance: Wire, body: "_NewTraceLink") -> list[Wire]:
    results: Wire = instance.get("results") or {}
    traces: list[Wire] = results.get("playwrightTraces") or []
    return [
        trace
        for trace in traces
        if trace["testId"] == body.test_id
        and body.attempt_index in {None, trace["testAttemptIndex"]}
        and body.artifact_name in {None, trace.get("name")}
    ]


def _link(world: World, request: ApiRequest, markdown: str, seconds: int) -> Wire:
    token = world.trace_links.add(markdown, expires=request.now + seconds * 1000)
    return {"url": f"{TRACES}/{token}", "expiresAt": world.trace_links[token].expires_at}


def _write(world: World, body: "_NewShare") -> str:
    """Write the Markdown of a share: failures and flaky tests to fix, all tests for a report."""
    if body.session_id is not None:
        session = found(world.sessions.get(body.session_id), "Session")
        return f"# {session['title']}\n\n- {session['status']}\n"
    instance: Wire = {}
    if body.instance_id is not None:
        instance = found(world.instance(body.instance_id), "Instance")
    run = found(world.runs.get(body.run_id or instance.get("runId") or ""), "Run")
    tests = [one for one in world.view.of_run(run) if _is_meant(body, one)]
    if body.test_id is not None and not tests:
        raise RefusedError(404, "Test not found")
    shown = [one for one in tests if body.purpose == "report" or one.flaky or one.error]
    return "\n".join([f"# Run {run.run_id}", "", *map(_describe, shown)]) + "\n"


def _is_meant(body: "_NewShare", one: WorldExecution) -> bool:
    return body.instance_id in {None, one.instance_id} and body.test_id in {None, one.test_id}


def _describe(one: WorldExecution) -> str:
    state = "flaky" if one.flaky else one.state
    return " ".join(f"- {state}: {one.spec}: {join_title(one.title)}".split())


_Attempt = Annotated[int, Meta(ge=0)] | None


class _NewShare(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    purpose: Literal["fix", "report"]
    run_id: str | None = None
    instance_id: str | None = None
    test_id: str | None = None
    session_id: str | None = None
    attempt: _Attempt = None
    expires_in_days: Literal[1, 3, 7] | None = None

    def __post_init__(self) -> None:
        given = {name for name in self.__struct_fields__ if getattr(self, name) is not None}
        target = given & {"run_id", "instance_id", "test_id", "session_id"}
        if target not in _TARGETS or (self.session_id and self.purpose != "report"):
            raise ValueError("this is not the target of a share")
        if self.attempt is not None and (self.test_id is None or self.purpose != "fix"):
            raise ValueError("attempt is for one test to fix")


_TARGETS: tuple[Any, ...] = (
    {"run_id"},
    {"run_id", "instance_id"},
    {"instance_id", "test_id"},
    {"session_id"},
)


class _NewSessionTraceLink(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    ttl_seconds: Annotated[int, Meta(ge=60, le=604_800)] = 86_400


class _NewTraceLink(_NewSessionTraceLink, rename="camel", forbid_unknown_fields=True, kw_only=True):
    test_id: Annotated[str, Meta(min_length=1)]
    attempt_index: _Attempt = None
    artifact_name: Annotated[str, Meta(min_length=1, max_length=1024)] | None = None


ROUTES = (
    Route(CREATE_SHARE, create_share),
    Route(CREATE_TRACE_LINK, create_trace_link),
    Route(CREATE_SESSION_TRACE_LINK, create_session_trace_link),
)
