from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from currents_async import Currents, InvalidArgumentError, NotFoundError, ServerError
from currents_async.models import NewAttachment
from currents_async.testing import FakeCurrents, FaultyServer, WorldProject, faults
from tests.resources.test_samples import answer_with
from tests.support import NoBackoff, client


class TestLinks:
    async def test_the_samples(self, server: FakeCurrents, currents: Currents) -> None:
        answer_with(server, "createTraceLink", "trace-link", 201)
        link = await currents.traces.link("i", "t")
        assert link.url == "https://trace.example.com/FTfOjTRMQvCiFtiv"
        assert link.expires_at == datetime(2026, 11, 25, 9, 31, 7, tzinfo=UTC)
        assert link.test_id == "7ea8c90cab1cd30cf3a8-905956d8e495d6dffc0d"
        assert (link.attempt_index, link.attachment_id) == (2, None)
        answer_with(server, "createSessionTraceLink", "session-trace-link", 201)
        link = await currents.traces.session_link("s", "a")
        assert link.url == "https://trace.example.com/X8E3G75LkltobljS"
        assert (link.test_id, link.attempt_index) == (None, None)
        assert link.attachment_id == "fe524832540d5745ef22cc3f59aa75a8"

    async def test_a_lost_response_is_made_up_for(self) -> None:
        """Each call makes another link, so nothing is done twice."""
        done = faults.json_response({"url": "https://trace.example.com/x"})
        async with FaultyServer([faults.close(), done]) as server, client(server.url) as currents:
            await currents.traces.link("i", "t")
        assert len(server.requests) == 2

    @pytest.mark.parametrize(
        ("call", "named"),
        [
            (lambda c: c.traces.link("i", ""), "test_id"),
            (lambda c: c.traces.link("i/j", "t"), "instance_id"),
            (lambda c: c.traces.link("i", "t", attempt=-1), "attempt"),
            (lambda c: c.traces.link("i", "t", artifact_name="x" * 1025), "artifact_name"),
            (lambda c: c.traces.link("i", "t", ttl_seconds=59), "ttl_seconds"),
            (lambda c: c.traces.session_link("s", "a", ttl_seconds=604_801), "ttl_seconds"),
            (lambda c: c.traces.session_link("s", ""), "attachment_id"),
        ],
    )
    async def test_bad_arguments(
        self,
        server: FakeCurrents,
        currents: Currents,
        call: Callable[[Currents], Awaitable[Any]],
        named: str,
    ) -> None:
        with pytest.raises(InvalidArgumentError, match=f"^{named} must"):
            await call(currents)
        server.requests.assert_none()

    async def test_of_a_session(self, currents: Currents, project: WorldProject) -> None:
        trace, log = (
            NewAttachment(name="t.zip", type="trace", content_type="application/zip", size_bytes=1),
            NewAttachment(name="a.log", content_type="text/plain", size_bytes=1),
        )
        session = await currents.sessions.create(
            "t", "passed", project_id=project.project_id, attachments=[trace, log]
        )
        first, second = (one.attachment_id for one in session.attachments)
        assert (await currents.traces.session_link(session.session_id, first)).url
        with pytest.raises(NotFoundError, match="it is not a trace"):
            await currents.traces.session_link(session.session_id, second)

    async def test_refusals_say_what_to_do(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        run = project.run(specs=1, tests=2, failures=1, flaky=0)
        clock = NoBackoff()
        async with Currents(server.api_key, base_url=server.url, clock=clock) as currents:
            instance = await currents.instances.get(str(run.specs[0].instance_id))
            passed = next(test for test in instance.tests if not test.failed)
            with pytest.raises(
                NotFoundError, match=r"No trace found.*; no such test, or the attempt has no trace"
            ):
                await currents.traces.link(instance.instance_id, passed.test_id or "")
            server.fail("createTraceLink", 503, times=None)
            with pytest.raises(ServerError, match="if it lasts, this deployment serves no trace"):
                await currents.traces.link(instance.instance_id, passed.test_id or "")
