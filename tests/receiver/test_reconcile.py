from datetime import UTC, datetime, timedelta

import pytest

from currents_async import Currents, InvalidArgumentError
from currents_async.receiver import Receiver, Router, SeenRuns, reconcile
from currents_async.testing import FakeCurrents, WorldProject
from tests.receiver.deliveries import body, headers, verifier

SINCE = datetime(2026, 1, 10, tzinfo=UTC)


async def missed(currents: Currents, project: WorldProject, seen: SeenRuns) -> list[str]:
    runs = reconcile(currents, project.project_id, since=SINCE, seen=seen)
    return [run.run_id async for run in runs]


async def test_runs_that_ended_without_a_webhook(currents: Currents, project: WorldProject) -> None:
    made = [SINCE + timedelta(hours=hours) for hours in range(-1, 6)]
    before, reported, lost, timed_out, running, cancelled, last = (
        project.run(specs=2, created_at=at, timed_out=number == 3, running=number == 4)
        for number, at in enumerate(made)
    )
    project.run(specs=2, created_at=SINCE, running=True)
    assert before.run_id != last.run_id
    await currents.runs.cancel(running.run_id)
    still = project.run(specs=2, created_at=SINCE + timedelta(hours=7), running=True)
    async with Receiver(verifier(), Router()) as receiver:
        for run in (reported, last):
            response = await receiver.deliver(headers(), body("RUN_FINISH", run.run_id))
            assert response.status == 202
        response = await receiver.deliver(headers(), body("RUN_START", lost.run_id))
        assert response.status == 202
    found = await missed(currents, project, receiver.seen)
    assert found == [cancelled.run_id, running.run_id, timed_out.run_id, lost.run_id]
    assert still.run_id not in found


async def test_over_many_pages_and_stopped_midway(
    server: FakeCurrents, currents: Currents, project: WorldProject
) -> None:
    runs = [
        project.run(specs=1, tests=1, created_at=SINCE + timedelta(minutes=number))
        for number in range(120)
    ]
    seen = SeenRuns()
    for run in runs[::2]:
        seen.add(run.run_id)
    expected = [run.run_id for run in reversed(runs[1::2])]
    assert await missed(currents, project, seen) == expected
    server.requests.clear()
    iterator = reconcile(currents, project.project_id, since=SINCE, seen=seen)
    assert (await anext(iterator)).run_id == expected[0]
    assert len(server.requests) == 1
    for run in runs[1:101:2]:
        seen.add(run.run_id)
    rest = [run.run_id async for run in iterator]
    assert rest == [run.run_id for run in reversed(runs[101:118:2])]


async def test_until(currents: Currents, project: WorldProject) -> None:
    runs = [project.run(specs=1, created_at=SINCE + timedelta(days=day)) for day in range(3)]
    found = reconcile(
        currents, project.project_id, since=SINCE, until=SINCE + timedelta(days=1), seen=()
    )
    assert [run.run_id async for run in found] == [runs[1].run_id, runs[0].run_id]


async def test_refused_at_once(currents: Currents, server: FakeCurrents) -> None:
    with pytest.raises(InvalidArgumentError, match="no project"):
        reconcile(currents, since=SINCE, seen=())
    with pytest.raises(InvalidArgumentError, match="date_start"):
        reconcile(currents, "p", since=datetime(2026, 1, 1), seen=())  # noqa: DTZ001 - what is refused
    assert server.requests == []


class TestSeenRuns:
    def test_only_the_last_runs_are_kept(self) -> None:
        seen = SeenRuns(3)
        for run_id in ("a", "b", "a", "c", "d"):
            seen.add(run_id)
        assert [run_id for run_id in "abcd" if run_id in seen] == ["a", "c", "d"]
        assert len(seen) == 3
        assert 1 not in seen

    def test_refused(self) -> None:
        with pytest.raises(InvalidArgumentError, match="max_runs"):
            SeenRuns(0)
