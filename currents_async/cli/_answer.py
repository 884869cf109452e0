"""A command with an open client, until each group has become one module."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from currents_async import Currents
from currents_async.cli._execute import execute
from currents_async.cli._options import Connection
from currents_async.cli._session import load_settings, open_client
from currents_async.cli._settings import Settings

Work = Callable[[Currents], Awaitable[int]]


class Session(NamedTuple):
    """An open client, and what it is made of."""

    currents: Currents
    settings: Settings


def answer(connection: Connection, work: Work) -> int:
    """Do some work with an open client, and return the exit code."""
    return execute(_answer(connection, work))


async def _answer(connection: Connection, work: Work) -> int:
    async with open_client(connection) as currents:
        return await work(currents)


@asynccontextmanager
async def open_session(connection: Connection, **options: Any) -> AsyncGenerator[Session]:
    """Open a client for as long as the context; `options` are its other arguments."""
    settings = await load_settings(connection)
    async with settings.client(**options) as currents:
        yield Session(currents, settings)
