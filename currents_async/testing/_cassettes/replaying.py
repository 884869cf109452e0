"""A host that answers what has been recorded, and nothing else."""

from collections import deque
from collections.abc import Iterable
from typing import Never
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from currents_async.testing._cassettes.addresses import mask_aliases, replace_addresses
from currents_async.testing._cassettes.messages import fail, make_response, read_request, refuse
from currents_async.testing._cassettes.scrubbing import Change, scrub_request
from currents_async.testing._cassettes.tape import TapedExchange, TapedRequest, TapedResponse
from currents_async.testing._serving.requests import RecordedRequest
from currents_async.testing._serving.sending import WireResponse

_UNEXPECTED = 400
"""No client tries again after it."""
_MASK = "user"
_MAX_LENGTH = 200


class Replayer:
    """Answers each recorded request once, and equal ones in the order of the recording."""

    def __init__(self, hide: Change) -> None:
        """Make one that hides in what is asked what was hidden in what was recorded."""
        self._hide = hide
        self.unexpected: list[TapedRequest] = []
        """What was asked for, and is not there (any more)."""
        self._shelves: dict[bytes, deque[TapedExchange]] = {}
        self._alike: dict[bytes, list[deque[TapedExchange]]] = {}

    def load(self, exchanges: Iterable[TapedExchange]) -> None:
        """Have exchanges to answer with."""
        for one in exchanges:
            key = _key(one.request)
            if key not in self._shelves:
                self._shelves[key] = deque()
                masked = scrub_request(
                    one.request, lambda text: mask_aliases(text, _MASK), _anybody
                )
                self._alike.setdefault(_key(masked), []).append(self._shelves[key])
            self._shelves[key].append(one)

    @property
    def unused(self) -> list[TapedRequest]:
        """What was recorded, and not asked for (yet)."""
        return [one.request for shelf in self._shelves.values() for one in shelf]

    async def respond(
        self, request: web.Request, recorded: RecordedRequest, *, gzip: bool
    ) -> WireResponse:
        """Answer as it was recorded."""
        refusal = refuse(request, recorded)
        if refusal is not None:
            return refusal
        asked = scrub_request(read_request(request, recorded.body), self._hide)
        response = self._take(asked)
        if response is None:
            self.unexpected.append(asked)
            return fail(_UNEXPECTED, f"not in the cassette: {show(asked)}")
        return await make_response(response.status, response.headers, response.encode(), gzip=gzip)

    def failure(self, status: int) -> Never:
        """Never make a failure, for none is asked for."""
        raise NotImplementedError(status)

    def _take(self, asked: TapedRequest) -> TapedResponse | None:
        shelf = self._shelves.get(_key(asked))
        if shelf is None:
            # A test may know an address, or a name, that the cassette does not.
            masked = scrub_request(asked, lambda text: replace_addresses(text, _anybody), _anybody)
            alike = self._alike.get(_key(masked), [])
            shelf = alike[0] if masked != asked and len(alike) == 1 else None
        return shelf.popleft().response if shelf else None


def _anybody(_: str) -> str:
    return _MASK


def show(request: TapedRequest) -> str:
    """Spell a request for people."""
    query = f"?{urlencode(request.query, doseq=True)}" if request.query else ""
    body = request.encode().decode(errors="replace")
    if len(body) > _MAX_LENGTH:
        body = f"{body[:_MAX_LENGTH]}..."
    return f"{request.method} {request.path}{query} {body}".rstrip()


def _key(request: TapedRequest) -> bytes:
    return msgspec.json.encode(request, order="sorted")
