"""A fake Currents service for tests: a seeded world, and a real HTTP server of it.

async with FakeCurrents() as server:
    async with Currents(server.api_key, base_url=server.url) as currents:
        run = await currents.runs.get(server.world.projects[0].runs[0].run_id)
        server.requests.assert_sent("getRun", times=1)

`server.fail` injects failures, `server.clock.advance` moves its clock, and `server.emit` calls
webhooks; with `FakeCurrents(speed=1)` runs in progress go on, and call webhooks by themselves.
`FaultyServer` sends what no sound server would: see `currents_async.testing.faults`.
Rate limiters to test jobs against are in `currents_async.testing.limiters`.
"""

from currents_async.testing._plugin.webhooks import WebhookApps
from currents_async.testing.cassettes import CassettePlayer, CassetteRecorder, cassette
from currents_async.testing.clock import ManualClock, RunningClock
from currents_async.testing.faulty import Exchange, Fault, FaultyServer, RawRequest
from currents_async.testing.server import (
    Delivery,
    FakeCurrents,
    RatePolicy,
    RecordedRequest,
    Requests,
)
from currents_async.testing.world import (
    World,
    WorldAction,
    WorldAttachment,
    WorldExecution,
    WorldIssue,
    WorldJira,
    WorldProject,
    WorldRun,
    WorldSpec,
    WorldWebhook,
)

__all__ = [
    "CassettePlayer",
    "CassetteRecorder",
    "Delivery",
    "Exchange",
    "FakeCurrents",
    "Fault",
    "FaultyServer",
    "ManualClock",
    "RatePolicy",
    "RawRequest",
    "RecordedRequest",
    "Requests",
    "RunningClock",
    "WebhookApps",
    "World",
    "WorldAction",
    "WorldAttachment",
    "WorldExecution",
    "WorldIssue",
    "WorldJira",
    "WorldProject",
    "WorldRun",
    "WorldSpec",
    "WorldWebhook",
    "cassette",
]
