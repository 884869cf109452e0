from collections.abc import AsyncIterator

import pytest

from currents_async import Currents
from currents_async._quarantine.group import Quarantine
from currents_async.testing import FakeCurrents, ManualClock, World, WorldProject
from tests.quarantine.suite import NOW, Suite


@pytest.fixture
def suite(world: World, project: WorldProject) -> Suite:
    return Suite(world, project)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(wall=NOW.timestamp())


@pytest.fixture
async def server(
    world: World, clock: ManualClock, no_task_is_left: None
) -> AsyncIterator[FakeCurrents]:
    async with FakeCurrents(world, clock=clock) as server:
        yield server


@pytest.fixture
async def currents(
    server: FakeCurrents, clock: ManualClock, suite: Suite
) -> AsyncIterator[Currents]:
    async with Currents(
        server.api_key, base_url=server.url, project_id=suite.project_id, clock=clock
    ) as currents:
        yield currents


@pytest.fixture
def quarantine(currents: Currents) -> Quarantine:
    return quarantine_of(currents)


def quarantine_of(currents: Currents) -> Quarantine:
    return currents.quarantine
