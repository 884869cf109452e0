"""A bot: when a run finishes, it posts what has begun to fail to a Slack incoming webhook.

CURRENTS_API_KEY=… CURRENTS_WEBHOOK_SECRET=… SLACK_WEBHOOK_URL=… python failure_bot.py
"""

import os
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from currents_async import Currents
from currents_async.analysis import RunDiff
from currents_async.receiver import Receiver, Router, RunFinished, RunTimedOut, Verifier
from currents_async.receiver.web import setup_webhooks


async def what_broke(currents: Currents, event: RunFinished | RunTimedOut) -> RunDiff | None:
    """Compare the run with the one before it on the same branch, if there is one."""
    run = await event.fetch(currents)  # the webhook is a hint, this is the truth
    before = await currents.runs.previous(run)
    return None if before is None else await currents.runs.diff(before.run_id, run.run_id)


def message(diff: RunDiff, url: str | None) -> dict[str, str]:
    """Say it in Slack's words."""
    lines = [
        f"• `{one.test.spec}` {one.test.full_title}: {one.test.error}" for one in diff.new_failures
    ]
    return {"text": "\n".join([f"*{len(lines)} new failures* in {url}", *lines[:20]])}


def make_app() -> web.Application:
    """Take webhooks at /webhooks/currents."""
    app, router = web.Application(), Router()
    clients: dict[str, Currents] = {}
    slack = os.environ["SLACK_WEBHOOK_URL"]

    async def connect(_: web.Application) -> AsyncIterator[None]:
        async with Currents() as clients["currents"]:
            yield

    @router.on(RunFinished, RunTimedOut)
    async def report(event: RunFinished | RunTimedOut) -> None:
        diff = await what_broke(clients["currents"], event)
        if diff is None or not diff.has_new_failures:
            return
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            await session.post(slack, json=message(diff, event.run_url))

    app.cleanup_ctx.append(connect)  # before the receiver, which is drained while it is open
    verifier = Verifier({"X-Secret": os.environ["CURRENTS_WEBHOOK_SECRET"]})
    setup_webhooks(app, Receiver(verifier, router))
    return app


if __name__ == "__main__":
    web.run_app(make_app(), port=8080)
