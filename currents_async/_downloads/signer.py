"""The signatures of the assets of one instance: replaced together once they have expired."""

import asyncio
from collections.abc import Sequence

from currents_async._downloads.artifacts import FetchInstance, asset_urls
from currents_async._transport import Transport
from currents_async._wire.asset_url import AssetUrl

_MARGIN = 60.0
"""Seconds: a signature that ends sooner may have ended when the request arrives."""


class Signer:
    """Signs the URLs of an instance again: by fetching it, once for all of them."""

    def __init__(
        self, transport: Transport, fetch_instance: FetchInstance, instance_id: str
    ) -> None:
        self._transport = transport
        self._fetch_instance = fetch_instance
        self._instance_id = instance_id
        self._fetching = asyncio.Lock()
        self._urls: Sequence[AssetUrl] = ()
        self._trusts_clock = True

    async def valid(self, url: AssetUrl, ends_at: float) -> AssetUrl:
        """Return a URL of the same asset that has not expired; the same one if none is known to.

        Raises a `CurrentsError` if the instance cannot be fetched before `ends_at`.
        """
        if not self._has_expired(url):
            return url
        return await self.renewed(url, ends_at) or url

    async def renewed(self, url: AssetUrl, ends_at: float) -> AssetUrl | None:
        """Return a URL of the same asset with another signature, or None if there is none.

        Raises as `valid` does.
        """
        async with self._fetching:
            found = self._find(url)
            if found is None or self._has_expired(found):
                # No variable for the instance: a traceback with locals would show its signatures.
                options = self._transport.options(fresh=True, ends_at=ends_at)
                self._urls = asset_urls(await self._fetch_instance(self._instance_id, options))
                found = self._find(url)
                if found is None or self._has_expired(found):
                    # What has just been signed has not expired: then the clock here is wrong, or
                    # the server does not sign again.
                    self._trusts_clock = False
        return found

    def _find(self, url: AssetUrl) -> AssetUrl | None:
        """Return the URL of the same asset as it was last fetched, unless it is this one."""
        same = (one for one in self._urls if one.is_asset_of(url))
        return next((one for one in same if not one.is_signed_like(url)), None)

    def _has_expired(self, url: AssetUrl) -> bool:
        if url.expires_at is None or not self._trusts_clock:
            return False
        return url.expires_at.timestamp() - self._transport.channel.clock.wall() < _MARGIN
