import threading

import pytest

from currents_async import Currents, InvalidArgumentError, NotFoundError, Progress
from currents_async.analysis import RunDetails
from currents_async.testing import FakeCurrents, WorldProject
from tests.analysis.made import played


async def test_details_are_a_run_with_its_instances(
    project: WorldProject, currents: Currents
) -> None:
    made = project.run(specs=9, failures=0.2, flaky=2, unclaimed=2)
    details = await currents.reports.details(made.run_id, concurrency=3)
    run, instances = played(made)
    assert [one.spec for one in details.executions] == list(run.specs)
    assert details.instances == instances
    assert details.run.run_id == made.run_id
    assert details.counts() == RunDetails.of(run, instances).counts()


async def test_progress_is_reported(project: WorldProject, currents: Currents) -> None:
    made = project.run(specs=5)
    seen: list[Progress] = []
    await currents.reports.details(made.run_id, on_progress=seen.append)
    assert [one.done for one in seen] == [1, 2, 3, 4, 5]
    assert seen[-1].total == 5


async def test_an_instance_that_cannot_be_fetched(
    project: WorldProject, server: FakeCurrents, currents: Currents
) -> None:
    made = project.run(specs=3)
    server.fail("getInstance", status=404)
    with pytest.raises(NotFoundError):
        await currents.reports.details(made.run_id)
    server.fail("getInstance", status=404)
    details = await currents.reports.details(made.run_id, on_error="collect")
    assert len(details.instances) == details.counts().missing + 1 == 2
    [lost] = (one for one in details.executions if one.error)
    assert "404" in lost.incomplete
    assert lost.incomplete.startswith(lost.spec.spec)


async def test_rendering_does_not_hold_up_the_event_loop(
    project: WorldProject, currents: Currents
) -> None:
    made = project.run(specs=2)

    def render(details: RunDetails) -> tuple[str, int]:
        return details.run.run_id, threading.get_ident()

    run_id, thread = await currents.reports.render(made.run_id, render)
    assert run_id == made.run_id
    assert thread != threading.get_ident()
    details = await currents.reports.details(made.run_id)
    assert (await currents.reports.render(details, render))[0] == run_id


async def test_wrong_ids_are_refused_before_anything_is_sent(
    server: FakeCurrents, currents: Currents
) -> None:
    with pytest.raises(InvalidArgumentError):
        await currents.reports.render("a/b", lambda details: details)
    assert not server.requests
