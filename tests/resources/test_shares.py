from datetime import UTC, datetime
from typing import Any

import pytest

from currents_async import Currents, ForbiddenError, InvalidArgumentError, NotFoundError
from currents_async.testing import FakeCurrents, World, WorldProject
from tests.resources.test_samples import answer_with


async def test_the_sample(server: FakeCurrents, currents: Currents) -> None:
    answer_with(server, "createShare", "share", 201)
    share = await currents.shares.create("fix", run_id="r")
    assert share.purpose == "fix"
    assert share.url == "https://share.example.com/ai/ONbKDmPKYVzITnLV.md"
    assert share.page_url == share.url.removesuffix(".md")
    assert share.expires_at == datetime(2026, 11, 25, 9, 31, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("purpose", "arguments", "named"),
    [
        ("fax", {"run_id": "r"}, "purpose must be one of fix, report"),
        ("fix", {}, "pass run_id"),
        ("fix", {"instance_id": "i"}, "pass run_id"),
        ("fix", {"test_id": "t", "run_id": "r"}, "pass run_id"),
        ("fix", {"run_id": "r", "instance_id": "i", "test_id": "t"}, "pass run_id"),
        ("report", {"run_id": "r", "session_id": "s"}, "pass run_id"),
        ("fix", {"session_id": "s"}, "session_id is for the purpose report only"),
        ("fix", {"run_id": "r", "attempt": 1}, "attempt is for a test"),
        ("report", {"instance_id": "i", "test_id": "t", "attempt": 1}, "attempt is for a test"),
        ("fix", {"instance_id": "i", "test_id": "t", "attempt": -1}, "attempt must be"),
        ("fix", {"run_id": "r", "expires_in_days": 2}, "expires_in_days must be 1, 3 or 7"),
        ("fix", {"run_id": "r", "expires_in_days": True}, "expires_in_days must be 1, 3 or 7"),
        ("fix", {"run_id": ""}, "run_id must not be empty"),
        ("fix", {"run_id": "r", "record_key": "k"}, "record_key is for a session"),
        ("report", {"session_id": "s", "record_key": ""}, "record_key is empty"),
    ],
)
async def test_bad_arguments(
    server: FakeCurrents, currents: Currents, purpose: Any, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        await currents.shares.create(purpose, **arguments)
    server.requests.assert_none()


async def test_a_session_with_a_record_key(
    server: FakeCurrents, currents: Currents, project: WorldProject
) -> None:
    session = await currents.sessions.create("t", "passed", project_id=project.project_id)
    share = await currents.shares.create(
        "report", session_id=session.session_id, record_key=project.record_key
    )
    assert share.purpose == "report"
    assert server.requests[-1].api_key is None
    with pytest.raises(NotFoundError, match="Session not found"):
        await currents.shares.create("report", session_id="nope")


async def test_an_organisation_without_sharing(
    world: World, project: WorldProject, currents: Currents
) -> None:
    run_id = project.run().run_id
    world.sharing = False
    with pytest.raises(ForbiddenError, match=r"sharing is turned off.*; the credential may lack"):
        await currents.shares.create("report", run_id=run_id)
    world.sharing = True
    assert (await currents.shares.create("report", run_id=run_id)).purpose == "report"
    with pytest.raises(NotFoundError, match="Run not found"):
        await currents.shares.create("report", run_id="nope")
