"""A download: attempts one after the other, each going on where the one before broke off."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from currents_async._transport.asset_attempt import AssetAttempt
from currents_async._transport.call import Call
from currents_async._transport.channel import Channel
from currents_async._transport.options import CallOptions
from currents_async._wire.asset_url import AssetUrl
from currents_async._wire.ranges import Progress
from currents_async.errors import CurrentsError, RequestInfo


class AssetSink(Protocol):
    """Where the bytes of an asset go."""

    async def write(self, chunks: Sequence[bytes]) -> None:
        """Append."""
        ...

    async def start_anew(self) -> None:
        """Forget what has been written."""
        ...


class AssetCall(Call[AssetAttempt]):
    """A download of one asset; redirects count for no attempt of their own."""

    def __init__(
        self,
        channel: Channel,
        url: AssetUrl,
        options: CallOptions,
        *,
        operation: str,
        refresh: Callable[[], Awaitable[AssetUrl | None]] | None,
        max_bytes: int,
    ) -> None:
        super().__init__(channel, options)
        self._operation = operation
        self._url = url
        self._refresh = refresh
        self._max_bytes = max_bytes
        self._progress = Progress()
        self.resumed: bool = False
        """Whether an attempt went on where the one before broke off."""
        self.headers: Mapping[str, str] = {}
        """Those of the response, once it has been received."""

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return self._progress.received

    async def into(self, sink: AssetSink) -> None:
        """Download into a sink; raise a `CurrentsError`, or what the sink raises."""
        with self:
            await self.attempt(partial(self._transfer, sink))

    async def _transfer(self, sink: AssetSink, attempt: AssetAttempt) -> None:
        self.resumed = await attempt.run(partial(attempt.open, self._progress))
        self.headers = attempt.headers
        if not self.resumed:
            await sink.start_anew()
        while not attempt.ended:
            try:
                await attempt.run(partial(attempt.fill, self._progress))
            except CurrentsError:
                # What has come need not come again.
                await self._keep(attempt, sink)
                raise
            # Apart from the time of the attempt: a timer must not end what a thread is doing.
            await self._keep(attempt, sink)

    async def _keep(self, attempt: AssetAttempt, sink: AssetSink) -> None:
        chunks = attempt.take()
        if chunks:
            await sink.write(chunks)
            self._progress.received += sum(map(len, chunks))

    async def _renewed(self, attempt: AssetAttempt) -> bool:
        """Get a URL with another signature, once, if that of the attempt may have expired."""
        if not attempt.expired or self._refresh is None or self._renewals:
            return False
        self._renewals = 1
        fresh = await self._refresh()
        if fresh is None:
            return False
        self._url = fresh
        return True

    def _new_attempt(self) -> AssetAttempt:
        return AssetAttempt(
            self._channel, self._url, self._info(), self._options, max_bytes=self._max_bytes
        )

    def _info(self) -> RequestInfo:
        return RequestInfo(
            operation=self._operation, method="GET", url=self._url.shown, attempts=self.attempts
        )
