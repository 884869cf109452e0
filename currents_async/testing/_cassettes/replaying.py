"""A host that sends the recorded responses, and nothing else."""

from collections import deque
from collections.abc import Iterable
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from currents_async.testing._cassettes.people import mask_aliases, replace_addresses
from currents_async.testing._cassettes.scrubbing import Change, scrub_request
from currents_async.testing._cassettes.serving import CassetteHost
from currents_async.testing._cassettes.tape import TapedExchange, TapedRequest, TapedResponse
from currents_async.testing._serving.api_response import RefusedError
from currents_async.testing._serving.sending import WireResponse

_UNEXPECTED = 400
"""A status that no client retries."""
_MASK = "user"
_MAX_LENGTH = 200


class Replayer(CassetteHost):
    """Plays each recorded response once, and those to equal requests in the recorded order."""

    def __init__(self, hide: Change) -> None:
        """`hide` hides in requests what was hidden in the recording."""
        self._hide = hide
        self.unexpected: list[TapedRequest] = []
        """Requests that are not in the cassette (any more)."""
        self._queues: dict[bytes, deque[TapedExchange]] = {}
        self._similar: dict[bytes, list[deque[TapedExchange]]] = {}
        """The queues of requests that differ only in people."""

    def load(self, exchanges: Iterable[TapedExchange]) -> None:
        """Add exchanges to play."""
        for one in exchanges:
            key = _key(one.request)
            if key not in self._queues:
                self._queues[key] = deque()
                masked = scrub_request(one.request, lambda text: mask_aliases(text, _MASK), _mask)
                self._similar.setdefault(_key(masked), []).append(self._queues[key])
            self._queues[key].append(one)

    @property
    def unused(self) -> list[TapedRequest]:
        """The recorded requests that have not been made (yet)."""
        return [one.request for queue in self._queues.values() for one in queue]

    async def _play(
        self,
        request: web.Request,  # noqa: ARG002 - `taped` has all that identifies it
        taped: TapedRequest,
    ) -> WireResponse:
        hidden = scrub_request(taped, self._hide)
        response = self._take(hidden)
        if response is None:
            self.unexpected.append(hidden)
            raise RefusedError(_UNEXPECTED, f"not in the cassette: {show(hidden)}")
        return WireResponse(response.status, response.encode(), response.headers)

    def _take(self, request: TapedRequest) -> TapedResponse | None:
        queue = self._queues.get(_key(request))
        if queue is None:
            # A test may use an address, or a name, that the cassette does not contain.
            masked = scrub_request(request, lambda text: replace_addresses(text, _mask), _mask)
            similar = self._similar.get(_key(masked), [])
            queue = similar[0] if masked != request and len(similar) == 1 else None
        return queue.popleft().response if queue else None


def _mask(_: str) -> str:
    return _MASK


def show(request: TapedRequest) -> str:
    """Format a request for people."""
    query = f"?{urlencode(request.query, doseq=True)}" if request.query else ""
    body = request.encode().decode(errors="replace")
    if len(body) > _MAX_LENGTH:
        body = f"{body[:_MAX_LENGTH]}..."
    return f"{request.method} {request.path}{query} {body}".rstrip()


def _key(request: TapedRequest) -> bytes:
    return msgspec.json.encode(request, order="sorted")
