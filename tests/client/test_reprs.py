"""What a shell shows of what is not a model: what it is, and how it stands."""

from currents_async import Currents
from currents_async.testing import FakeCurrents, FaultyServer, World, WorldProject


async def test_lists(project: WorldProject, currents: Currents) -> None:
    project.run(specs=1)
    runs = currents.runs.list(project.project_id)
    assert repr(runs) == "<CursorPager listProjectRuns, at its beginning>"
    async for _ in runs:
        pass
    assert repr(runs.limit(3)) == "<CursorPager listProjectRuns, begun, at most 3 items>"


async def test_what_is_entered(project: WorldProject, currents: Currents) -> None:
    run_id = project.run(specs=2).run_id
    stream = currents.runs.stream(run_id)
    assert repr(stream) == "<RunStream not entered yet>"
    async with stream:
        assert repr(stream) == "<RunStream open>"
    assert repr(stream) == "<RunStream closed>"
    async with currents.runs.instances(run_id) as results:
        await results.in_order()
        assert repr(results) == "<InstanceResults open, 2 results in all>"


async def test_a_watch(project: WorldProject, currents: Currents) -> None:
    run_id = project.run(specs=2).run_id
    watch = currents.runs.watch(run_id)
    assert repr(watch) == f"<RunWatch {run_id} not entered yet, 0 specs seen>"
    async with watch:
        async for _ in watch:
            break
        assert repr(watch) == f"<RunWatch {run_id} open, 2 specs seen>"


async def test_servers_and_worlds() -> None:
    world = World(seed=3)
    project = world.project("Shop")
    run = project.run(specs=2)
    assert repr(world) == "<World 3, 1 projects, 1 runs>"
    assert repr(project) == f"<WorldProject {project.project_id} 'Shop', 1 runs>"
    assert repr(run) == f"<WorldRun {run.run_id} PASSED, 2 specs>"
    async with FakeCurrents(world) as server:
        assert repr(server) == f"<FakeCurrents {server.url.removesuffix('/v1')}, 0 requests>"
    assert repr(FakeCurrents(world)) == "<FakeCurrents not open, 0 requests>"
    faulty = FaultyServer([])
    assert repr(faulty) == "<FaultyServer not open, 0 requests>"
