"""Where assets may come from: no response or redirect may lead into the caller's networks."""

import asyncio
import socket
from contextvars import ContextVar
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import ResolveResult
from aiohttp.connector import Connection

from currents_async._config import ALLOW_HTTP, is_exposed
from currents_async._transport.connection import CheckedRequest, ConnectionLostError
from currents_async._wire.networks import Network, literal_address, network_of


class OutOfReachError(aiohttp.ClientConnectionError):
    """A host has an address where assets must not come from; nothing was sent."""


class Reach:
    """Public addresses, and those in networks where the API's own host is.

    With `private`, loopback and private ones too. Never link-local ones, where clouds have their
    metadata, unless the API is there as well. Plain HTTP only on this machine, or with `http`.
    """

    def __init__(self, api_url: str, *, private: bool, http: bool) -> None:
        self._api_host = urlsplit(api_url).hostname or ""
        self._http = http
        self._allowed = {Network.PUBLIC, *(_OWN if private else ())}
        self._knows_the_api = False

    async def refusal_of_host(self, scheme: str, host: str) -> str | None:
        """Return why nothing may be fetched from a host, as far as its URL tells, or None."""
        if not self._http and is_exposed(scheme, host):
            return f"plain http://, which shows the signature to the network{ALLOW_HTTP}"
        address = literal_address(host)
        return None if address is None else await self.refusal(address)

    async def refusal(self, address: str) -> str | None:
        """Return why nothing may be fetched from an address, or None if it may."""
        network = network_of(address)
        if network not in self._allowed and not self._knows_the_api:
            self._allowed |= await self._networks_of_api()
        if network in self._allowed:
            return None
        hint = " (private_assets=True, or --private-assets, allows it)" if network in _OWN else ""
        return f"the {network.value} address {address}, though the API has no such address{hint}"

    async def _networks_of_api(self) -> set[Network]:
        literal = literal_address(self._api_host)
        addresses = [literal] if literal else await _look_up(self._api_host)
        self._knows_the_api = bool(addresses)
        return {network_of(address) for address in addresses}


class Guard:
    """An aiohttp middleware that keeps requests from hosts that they must not reach.

    A proxy decides by itself what it connects to, and so may a connector of another class, which
    would show the address of its proxy: without `connections` only URLs are checked.
    """

    def __init__(self, reach: Reach, *, connections: bool) -> None:
        self._reach = reach
        self._connections = connections

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send a request; raise `OutOfReachError` if it must not reach its host."""
        url = request.url
        refusal = await self._reach.refusal_of_host(url.scheme, url.host or "")
        if refusal is not None:
            raise OutOfReachError(refusal)
        is_direct = self._connections and not request.proxy
        token = _guarding.set(self._reach if is_direct else None)
        try:
            return await handler(request)
        finally:
            _guarding.reset(token)


class GuardedResolver(aiohttp.ThreadedResolver):
    """Finds only addresses that the request may reach, so that no other is connected to."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look a name up."""
        found = await super().resolve(host, port, family)
        reach = _guarding.get()
        if reach is None:
            return found
        refusals = [await reach.refusal(one["host"]) for one in found]
        allowed = [one for one, refusal in zip(found, refusals, strict=True) if refusal is None]
        if not allowed and refusals:
            raise OutOfReachError(refusals[0])
        return allowed


class GuardedRequest(CheckedRequest):
    """A request that is sent only after the address at the other end has been checked.

    Names are looked up again for each connection, and an injected connector looks them up itself:
    what counts is the address that was connected to.
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send on a connection if its other end may be reached."""
        reach, transport = _guarding.get(), conn.transport
        if reach is not None:
            peer = None if transport is None else transport.get_extra_info("peername")
            if peer is None:
                raise ConnectionLostError("it was closed before anything was sent")
            host: str = peer[0]
            refusal = await reach.refusal(host)
            if refusal is not None:
                raise OutOfReachError(refusal)
        return await super().send(conn)


async def _look_up(host: str) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None)
    except OSError:
        return []
    return [str(address[0]) for *_, address in found]


_OWN = {Network.PRIVATE, Network.LOOPBACK}
_guarding: ContextVar[Reach | None] = ContextVar("_guarding", default=None)
"""What the request in progress in this context may reach; None for everything."""
