"""The credentials that a fake server accepts: its key, its tokens, the record keys of projects."""

import math

from aiohttp import web

from currents_async._wire.record_key import HEADER as RECORD_KEY
from currents_async.testing.clock import AnyClock
from currents_async.testing.world import World

_WITH_RECORD_KEY = frozenset({
    "addRunAttachmentsByCI",
    "createSession",
    "addSessionAttachments",
    "createShare",
})
"""The operations that take a record key."""


class Credentials:
    """Tells the requests with a valid credential from others."""

    def __init__(self, api_key: str, clock: AnyClock, world: World) -> None:
        self.api_key = api_key
        self.world = world
        self._clock = clock
        self._tokens: dict[str, float] = {}

    def issue_token(self, expires_in: float) -> str:
        """Return a new token, valid for some seconds."""
        token = f"crnts_pat_fake{len(self._tokens) + 1:06}"
        self._tokens[token] = self._clock.now() + expires_in
        return token

    def of(self, request: web.Request) -> tuple[str | None, bool]:
        """Return the key that a request carries, if it is one of ours, and whether it is valid."""
        record_key = request.headers.get(RECORD_KEY)
        if record_key is not None:
            resource = request.match_info.route.resource
            return None, (
                "Authorization" not in request.headers
                and resource is not None
                and resource.name in _WITH_RECORD_KEY
                and any(one.record_key == record_key for one in self.world.projects)
            )
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or (key != self.api_key and key not in self._tokens):
            return None, False  # it may be a real one, which is not to be kept
        ends_at = self._tokens.get(key, math.inf)
        return key, self._clock.now() < ends_at and not self.world.credential_revoked
