"""A Slack bot that takes webhooks of Currents, and posts what failed as it is, with its evidence.

CURRENTS_API_KEY=… CURRENTS_WEBHOOK_SECRET=… SLACK_BOT_TOKEN=… SLACK_CHANNEL=… python slack_bot.py
"""

import os
from collections.abc import AsyncIterator

from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from currents_async import Currents
from currents_async.analysis import Failure
from currents_async.receiver import Receiver, Router, RunFinished, Verifier
from currents_async.receiver.web import setup_webhooks

MOST = 10


def blocks(event: RunFinished, failures: list[Failure]) -> list[dict[str, object]]:
    lines = [f"• `{one.test.spec}` {one.test.full_title}\n> {one.test.error}" for one in failures]
    texts = [f"*{len(failures)} failed* in <{event.run_url}|the run>", *lines[:MOST]]
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}} for text in texts]


def make_app(slack: AsyncWebClient) -> web.Application:
    app, router = web.Application(), Router()
    clients: dict[str, Currents] = {}

    async def connect(_: web.Application) -> AsyncIterator[None]:
        async with Currents() as clients["currents"]:
            yield

    @router.on(RunFinished)
    async def report(event: RunFinished) -> None:
        failures = await clients["currents"].runs.failures(event.run_id)
        if failures:
            await slack.chat_postMessage(
                channel=os.environ["SLACK_CHANNEL"],
                text=f"{len(failures)} tests failed",
                blocks=blocks(event, failures),
            )

    app.cleanup_ctx.append(connect)  # before the receiver, which is drained while it is open
    verifier = Verifier({"X-Secret": os.environ["CURRENTS_WEBHOOK_SECRET"]})
    setup_webhooks(app, Receiver(verifier, router))
    return app


if __name__ == "__main__":
    web.run_app(make_app(AsyncWebClient(os.environ["SLACK_BOT_TOKEN"])), port=8080)
