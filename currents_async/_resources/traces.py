"""Links to Playwright traces: POST …/trace-link.

Source: `docs/api/operations.md`, "Sharing and traces".
"""

from functools import partial

from currents_async._checks import check_int, check_text
from currents_async._resources._group import Group
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.fields import Fields, given
from currents_async.models.shares import TraceLink

_NO_LINKS = (503, "if it lasts, this deployment serves no trace links")
CREATE_TRACE_LINK = Endpoint(
    "createTraceLink",
    "POST",
    "/instances/{instance_id}/trace-link",
    TraceLink,
    idempotent=True,  # each call makes another link, and each of them ends by itself
    hints=(
        (404, "the attempt has no trace, or none with that artifact_name"),
        _NO_LINKS,
    ),
)
CREATE_SESSION_TRACE_LINK = Endpoint(
    "createSessionTraceLink",
    "POST",
    "/sessions/{session_id}/attachments/{attachment_id}/trace-link",
    TraceLink,
    idempotent=True,
    hints=((404, "the session has no such attachment, or it is not a trace"), _NO_LINKS),
)

_check_ttl = partial(check_int, min_value=60, max_value=604_800)


class Traces(Group):
    """Links to Playwright traces.

    Whoever has the URL of a link can read the trace, with its network traffic and cookies: it is a
    secret, which no `repr`, log or error shows.
    """

    __slots__ = ()

    async def link(
        self,
        instance_id: str,
        test_id: str,
        *,
        attempt: int | None = None,
        artifact_name: str | None = None,
        ttl_seconds: int | None = None,
    ) -> TraceLink:
        """Create a link to the trace of an attempt at a test.

        `attempt` counts from 0, and is by default the last one that has a trace. `artifact_name`
        chooses one of several traces of the attempt, for example one that was attached. The link
        lasts for `ttl_seconds`, from 60 to 604,800, by default a day.

        The trace itself is not looked at, and may not have been uploaded yet. Raises
        `NotFoundError` if there is no such trace, and `ServerError` with status 503 from a
        deployment that serves no trace links. A lost response is made up for by another link.
        """
        body = (
            Fields()
            .put("test_id", test_id, check_text, wire="testId")
            .put("attempt", given(attempt), partial(check_int, min_value=0), wire="attemptIndex")
            .put(
                "artifact_name",
                given(artifact_name),
                partial(check_text, max_length=1024),
                wire="artifactName",
            )
            .put("ttl_seconds", given(ttl_seconds), _check_ttl, wire="ttlSeconds")
            .body
        )
        request = CREATE_TRACE_LINK.request({"instance_id": instance_id}, body=body)
        return await self._transport.call(request)

    async def session_link(
        self, session_id: str, attachment_id: str, *, ttl_seconds: int | None = None
    ) -> TraceLink:
        """Create a link to a trace that is an attachment of a session.

        The link lasts for `ttl_seconds`, as in `link`. Raises as `link` does.
        """
        path = {"session_id": session_id, "attachment_id": attachment_id}
        body = Fields().put("ttl_seconds", given(ttl_seconds), _check_ttl, wire="ttlSeconds").body
        return await self._transport.call(CREATE_SESSION_TRACE_LINK.request(path, body=body))
