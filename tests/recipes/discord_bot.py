"""A Discord bot that takes webhooks of Currents, and says in a channel what failed.

CURRENTS_API_KEY=… CURRENTS_WEBHOOK_SECRET=… DISCORD_CHANNEL=… DISCORD_TOKEN=… python discord_bot.py
"""

import os
from contextlib import AsyncExitStack

import discord
from aiohttp import web

from currents_async import Currents
from currents_async.receiver import Receiver, Router, RunFinished, Verifier
from currents_async.receiver.web import setup_webhooks


class FailureBot(discord.Client):
    def __init__(self, *, port: int = 8080) -> None:
        super().__init__(intents=discord.Intents.none())
        self._port = port
        self._channel = int(os.environ["DISCORD_CHANNEL"])
        self._secret = os.environ["CURRENTS_WEBHOOK_SECRET"]
        self._stack = AsyncExitStack()

    async def setup_hook(self) -> None:
        """Open the client, then take webhooks, in the event loop of the bot."""
        self.currents = await self._stack.enter_async_context(Currents())
        router = Router()
        router.on(RunFinished)(self.report)
        app = web.Application()
        setup_webhooks(app, Receiver(Verifier({"X-Secret": self._secret}), router))
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        self._stack.push_async_callback(self.runner.cleanup)
        await web.TCPSite(self.runner, "0.0.0.0", self._port).start()

    async def report(self, event: RunFinished) -> None:
        failures = await self.currents.runs.failures(event.run_id)
        if not failures:
            return
        channel = self.get_channel(self._channel) or await self.fetch_channel(self._channel)
        assert isinstance(channel, discord.abc.Messageable)
        titles = [f"- {failure.test.full_title}" for failure in failures[:10]]
        await channel.send("\n".join([f"**{len(failures)} failed**: {event.run_url}", *titles]))

    async def close(self) -> None:
        """Handle accepted events while the bot can still send messages."""
        await self._stack.aclose()
        await super().close()


if __name__ == "__main__":
    FailureBot().run(os.environ["DISCORD_TOKEN"])
