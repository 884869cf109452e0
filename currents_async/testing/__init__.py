"""A fake Currents service for tests: a seeded world, and a real server that tells of it.

async with FakeCurrents() as server:
    async with Currents(server.api_key, base_url=server.url) as currents:
        run = await currents.runs.get(server.world.projects[0].runs[0].run_id)
"""

from currents_async.testing.server import FakeCurrents, RecordedRequest
from currents_async.testing.world import World, WorldProject, WorldRun, WorldSpec

__all__ = [
    "FakeCurrents",
    "RecordedRequest",
    "World",
    "WorldProject",
    "WorldRun",
    "WorldSpec",
]
