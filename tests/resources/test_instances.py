import asyncio

import pytest

from currents_async import Currents, InstanceResult, NotFoundError
from currents_async.testing import FakeCurrents, RecordedRequest, WorldProject


async def test_each_instance_comes_once_in_the_order_of_the_ids(
    server: FakeCurrents, currents: Currents, project: WorldProject
) -> None:
    ids = [spec.instance_id or "" for spec in project.run(specs=20).specs]
    wanted = [*reversed(ids), ids[3], ids[3]]
    wave = asyncio.Barrier(4)

    async def wait_for_the_others(_: RecordedRequest) -> None:
        async with asyncio.timeout(20):
            await wave.wait()

    server.before_response = wait_for_the_others
    instances = await currents.instances.get_many(wanted, concurrency=4)
    assert [instance.instance_id for instance in instances] == ids[::-1]
    assert len(server.requests) == 20
    assert server.peak_in_flight == 4


async def test_errors_of_instances_are_raised_or_collected(
    currents: Currents, project: WorldProject
) -> None:
    known = project.run(specs=1).specs[0].instance_id
    assert known is not None
    with pytest.raises(NotFoundError):
        await currents.instances.get_many([known, "unknown"])
    results = await currents.instances.get_many([known, "unknown"], on_error="collect")
    assert [result.instance_id for result in results] == [known, "unknown"]
    assert results[0].instance is not None
    assert results[0].error is None
    assert isinstance(results[1].error, NotFoundError)
    assert all(type(result) is InstanceResult and result.spec is None for result in results)


async def test_no_ids_need_no_request(server: FakeCurrents, currents: Currents) -> None:
    assert await currents.instances.get_many([]) == []
    assert server.requests == []
