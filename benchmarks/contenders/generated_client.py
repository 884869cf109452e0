"""The client that openapi-python-client makes of the OpenAPI document, made anew each time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

from benchmarks.contenders import Fetch, Take

LABEL = "generated client"
PACKAGES = ("openapi-python-client", "httpx", "attrs")

# The runner generates it into the session's folder, and puts that on the path.
client_module = import_module("generated.client")
get_run = import_module("generated.api.runs.get_run")


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a client."""
    client = client_module.AuthenticatedClient(base_url=server, token="key")  # noqa: S106
    async with client:

        async def fetch(path: str, take: Take) -> None:
            response = await get_run.asyncio(path.removeprefix("runs/"), client=client)
            take(response.data.specs)

        yield fetch
