"""The client of a command."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from currents_async.cli._options import Connection

if TYPE_CHECKING:
    from currents_async import Currents
    from currents_async.cli._settings import Settings


@asynccontextmanager
async def open_client(connection: Connection, **options: Any) -> AsyncGenerator["Currents"]:
    """Open a client for as long as the context; `options` are its other arguments."""
    settings = await load_settings(connection)
    async with settings.client(**options) as currents:
        yield currents


async def load_settings(connection: Connection) -> "Settings":
    """Gather the settings of a client from options, the environment and the configuration file."""
    from currents_async.cli import _settings  # noqa: PLC0415 - --help does without aiohttp

    return await _settings.load(connection)
