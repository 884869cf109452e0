"""Links to Playwright traces, POST …/trace-link, and what is behind them.

Source: `docs/api/operations.md`, "Sharing and traces".
"""

import sys
from collections.abc import Coroutine
from functools import partial
from typing import Any, get_args

from currents_async._checks import check_choice, check_int, check_text, is_number
from currents_async._downloads.links import Link
from currents_async._downloads.save import MAX_BYTES, AssetDownload, Target
from currents_async._resources._group import Group, compound
from currents_async._transport import RawResponse
from currents_async._wire.endpoint import Endpoint, path_segment
from currents_async._wire.fields import Fields, given
from currents_async._wire.filters import Filters
from currents_async.errors import InvalidArgumentError
from currents_async.models.shares import TraceLink, TraceView

_NO_LINKS = (503, "if it lasts, this deployment serves no trace links")
CREATE_TRACE_LINK = Endpoint(
    "createTraceLink",
    "POST",
    "/instances/{instance_id}/trace-link",
    TraceLink,
    idempotent=True,  # each call makes another link, and each of them ends by itself
    hints=(
        (404, "no such test, or the attempt has no trace, or none with that artifact_name"),
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
    """Links to Playwright traces, and what is behind them.

    Whoever has the URL of a link can read the trace, with its network traffic and cookies: it is a
    secret, which no `repr`, log or error shows.

    What is read takes a `TraceLink` or its URL, which may be on the host of another deployment:
    https, or http on this machine. The host receives neither the API key nor cookies, and what
    `Assets` says about private addresses, redirects and retries is true here too. Most of it is a
    `RawResponse`, since the API documents neither the types nor the fields: `headers` has the
    `Content-Type`, `body` the bytes, and `json()` reads data. That is bounded by `Limits.body` and
    `Timeouts.total`, a `download` by its own arguments.

    Raises `NotFoundError` once the link has expired, before the trace has been uploaded, and where
    the trace has no such part; the error says which of these it can be, and what to do.
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

    # Not `async`: no frame of the call is to hold the URL as an argument.
    @compound
    def digest(self, link: TraceLink | str) -> Coroutine[Any, Any, str]:
        """Read what happened as Markdown: actions, errors, failed requests, frames at failures.

        Read this first.
        """
        return self._open(link).read_text("/digest", [("format", "md")])

    @compound
    def filmstrip(self, link: TraceLink | str) -> Coroutine[Any, Any, RawResponse]:
        """Read the whole attempt as one image."""
        return self._open(link).read("/filmstrip")

    @compound
    def animation(self, link: TraceLink | str) -> Coroutine[Any, Any, RawResponse]:
        """Read the attempt as an animated image, which plays in comments of GitHub and Linear."""
        return self._open(link).read("/animation")

    @compound
    def frames(self, link: TraceLink | str) -> Coroutine[Any, Any, RawResponse]:
        """Read the timeline of frames as data; a trace without screenshots has none."""
        return self._open(link).read("/frames")

    @compound
    def frame(self, link: TraceLink | str, t: float | str) -> Coroutine[Any, Any, RawResponse]:
        """Read one frame as an image; `t` is a timestamp out of `frames`."""
        trace = self._open(link)
        del link  # a traceback with locals would show it
        return trace.read(f"/frames/{_timestamp(t)}")

    @compound
    def snapshots(self, link: TraceLink | str) -> Coroutine[Any, Any, RawResponse]:
        """Read the accessibility tree or the DOM at moments of the test."""
        return self._open(link).read("/snapshots")

    @compound
    def requests(
        self, link: TraceLink | str, *, status: str | None = None
    ) -> Coroutine[Any, Any, RawResponse]:
        """Read the network requests, all of them or those with a `status`, such as `failed`.

        Scripts that loaded may be missing.
        """
        trace = self._open(link)
        del link  # as in `frame`
        return trace.read("/requests", Filters().text("status", status).query)

    @compound
    def attachments(self, link: TraceLink | str) -> Coroutine[Any, Any, RawResponse]:
        """Read the files inside the trace."""
        return self._open(link).read("/attachments")

    @compound
    def download(
        self,
        link: TraceLink | str,
        *,
        to: Target,
        view: TraceView = "download",
        max_bytes: int = MAX_BYTES,
        timeout: float | None = None,
    ) -> Coroutine[Any, Any, AssetDownload]:
        """Save the trace as it was uploaded, a ZIP archive, or one of its images.

        ```python
        saved = await currents.traces.download(link, to="trace.zip")
        ```

        `view` is `download`, `filmstrip` or `animation`. `to` and `timeout` are as in
        `assets.download`, and so is the care for what breaks off; in a directory the file is called
        `trace.zip`, or as the view, whose type the response alone knows.
        """
        trace = self._open(link)
        del link  # as in `frame`
        check_choice("view", view, get_args(TraceView))
        return trace.save(
            f"/{view}",
            to=to,
            name="trace.zip" if view == "download" else view,
            max_bytes=max_bytes,
            timeout=timeout,
        )

    def _open(self, link: TraceLink | str) -> Link:
        return Link(self._transport, "readTrace", link)


def _timestamp(t: float | str) -> str:
    """Return a path segment; JavaScript writes whole numbers without a point."""
    if isinstance(t, str):
        return path_segment("t", t)
    if not is_number(t) or not 0 <= t <= sys.float_info.max:
        raise InvalidArgumentError(f"t must be a timestamp out of frames, not {t!r}")
    return str(int(t)) if t == int(t) else repr(t)
