"""How a fake server records the requests that it gets."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from currents_async._wire.record_key import HEADER as RECORD_KEY
from currents_async.testing._serving.requests import TOKEN, HiddenKey, RecordedRequest, Requests
from currents_async.testing.clock import AnyClock


class Recorder:
    """Counts and orders a site's requests, and keeps them, or the last `max_requests`."""

    def __init__(
        self,
        clock: AnyClock,
        marks: Iterator[int],
        name: str,
        base: str,
        key_of: Callable[[web.Request], tuple[str | None, bool]],
        *,
        on_finish: Callable[[RecordedRequest], None] | None = None,
        max_requests: int | None = None,
    ) -> None:
        self.clock = clock
        self.requests = Requests()
        self.in_flight = 0
        self.peak_in_flight = 0
        self.bytes_sent = 0
        self._base = base
        self._name = name
        self._key_of = key_of
        self._on_finish = on_finish
        self._marks = marks
        self._numbers = count(1)
        self._max_requests = max_requests
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, request: web.Request) -> RecordedRequest:
        """Record a request that has just arrived."""
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        self._idle.clear()
        headers = CIMultiDict(request.headers)
        for name in ("Authorization", RECORD_KEY):
            headers.popall(name, None)
        resource = request.match_info.route.resource
        key, is_valid = self._key_of(request)
        path = request.path
        path_args = {name: value.strip("/") for name, value in request.match_info.items()}
        token = path_args.pop(TOKEN, None)
        if token is not None:
            path = path.replace(token, "[secret]")
        recorded = RecordedRequest(
            operation=None if resource is None else resource.name,
            method=request.method,
            path=path.removeprefix(self._base),
            path_args=path_args,
            query=[_shown(name, value) for name, value in request.query.items()],
            headers=CIMultiDictProxy(headers),
            api_key=None if key is None else HiddenKey(key),
            authorized=is_valid,
            request_id=f"{self._name}-{next(self._numbers):08}",
            at=self.clock.now(),
            started=next(self._marks),
        )
        self.requests.append(recorded)
        if self._max_requests is not None:
            del self.requests[: -self._max_requests]
        return recorded

    def send(self, recorded: RecordedRequest, size: int, *, last: bool) -> None:
        """Record that a chunk of the body is about to be sent.

        The client cannot have the whole response before its last chunk is sent, so a request that
        started before that mark was certainly sent without the whole response.
        """
        if recorded.first_byte is None:
            recorded.first_byte = next(self._marks)
        self.bytes_sent += size
        recorded.bytes_sent += size
        if last:
            recorded.last_byte = next(self._marks)
            # Finished already here: a client that sends its next request on the last byte would
            # otherwise seem to have two requests in flight.
            self.finish(recorded)

    def finish(self, recorded: RecordedRequest) -> None:
        """Record that a request is no longer in flight, if it is not recorded yet."""
        if recorded.finished is not None:
            return
        recorded.finished = next(self._marks)
        self.in_flight -= 1
        if self._on_finish is not None:
            self._on_finish(recorded)
        if not self.in_flight:
            self._idle.set()

    async def idle(self) -> None:
        """Wait until no request is in flight."""
        await self._idle.wait()


def _shown(name: str, value: str) -> tuple[str, str]:
    # The signature gives access to the asset.
    return name, "[signature]" if name.endswith("Signature") else value
