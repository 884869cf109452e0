"""A download: attempts one after the other, each going on where the one before broke off."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from currents_async._config import Retries, Timeouts
from currents_async._transport.asset_attempt import AssetAttempt
from currents_async._transport.call import redact
from currents_async._transport.channel import Channel
from currents_async._transport.retry import classify
from currents_async._transport.retry_state import RetryState
from currents_async._transport.tracing import Observed, RequestCall
from currents_async._wire.asset_url import AssetUrl
from currents_async._wire.ranges import Progress
from currents_async.errors import CurrentsError, RequestInfo

_OPERATION = "downloadAsset"


class AssetSink(Protocol):
    """Where the bytes of an asset go."""

    async def write(self, chunks: Sequence[bytes]) -> None:
        """Append."""
        ...

    async def start_anew(self) -> None:
        """Forget what has been written."""
        ...


class AssetCall:
    """What is common to all attempts of one download."""

    def __init__(
        self,
        channel: Channel,
        url: AssetUrl,
        *,
        refresh: Callable[[], Awaitable[AssetUrl | None]] | None,
        max_bytes: int,
        ends_at: float,
        timeouts: Timeouts,
        retries: Retries,
    ) -> None:
        self._channel = channel
        self._url = url
        self._refresh = refresh
        self._max_bytes = max_bytes
        self._ends_at = ends_at
        self._timeouts = timeouts
        self._progress = Progress()
        self._refreshed = 0
        self._retries = RetryState(channel, retries, ends_at=ends_at)
        self._observed = Observed(channel.tracing, channel.clock)
        self.attempts: int = 0
        """How often the asset was asked for, redirects not counted."""
        self.resumed: bool = False
        """Whether an attempt went on where the one before broke off."""

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return self._progress.received

    async def into(self, sink: AssetSink) -> None:
        """Download into a sink; raise a `CurrentsError`, or what the sink raises."""
        self._observed.began(self._describe)
        try:
            while not await self._succeeds(sink):
                pass
        except BaseException as error:
            self._observed.ended(error)
            raise
        self._retries.succeeded()
        self._observed.ended(None)

    async def _succeeds(self, sink: AssetSink) -> bool:
        """Make an attempt; when it has failed wait for the next one, or raise."""
        self.attempts += 1
        attempt = AssetAttempt(
            self._channel,
            self._url,
            sent=self._sent(),
            timeouts=self._timeouts,
            ends_at=self._ends_at,
            max_bytes=self._max_bytes,
        )
        try:
            await self._transfer(attempt, sink)
        except CurrentsError as failure:
            error = failure.with_traceback(None)
            redact(error, attempt.redact)
        except BaseException:
            self._attempted(attempt, None)
            raise
        else:
            self._attempted(attempt, None)
            return True
        self._attempted(attempt, error)
        if attempt.expired and await self._sign_again():
            return False
        try:
            await self._retry(error)
        finally:
            del error  # with its traceback it would keep itself alive
        return False

    async def _transfer(self, attempt: AssetAttempt, sink: AssetSink) -> None:
        if await attempt.run(partial(attempt.open, self._progress)):
            self.resumed = True
        else:
            self.resumed = False
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

    async def _retry(self, error: CurrentsError) -> None:
        """Wait until there may be another attempt; raise the error when there shall be none."""
        # The attempt with a URL whose time was over does not count.
        tried = self.attempts - self._refreshed
        # What another host than the API's asks for holds nobody else back.
        delay = self._retries.delay(error, classify(error, repeatable=True), tried=tried)
        try:
            if delay is None:
                raise error
        finally:
            del error
        if delay:
            await self._channel.gate.sleep(delay)

    async def _sign_again(self) -> bool:
        """Get a URL with another signature, once; say whether there is one."""
        if self._refresh is None or self._refreshed:
            return False
        self._refreshed = 1
        fresh = await self._refresh()
        if fresh is None or fresh.is_signed_like(self._url):
            return False
        self._url = fresh
        return True

    def _sent(self) -> RequestInfo:
        return RequestInfo(
            operation=_OPERATION, method="GET", url=self._url.shown, attempts=self.attempts
        )

    def _describe(self) -> RequestCall:
        return RequestCall(
            number=next(self._channel.numbers),
            operation=_OPERATION,
            method="GET",
            url=self._url.shown,
        )

    def _attempted(self, attempt: AssetAttempt, error: CurrentsError | None) -> None:
        self._observed.attempted(partial(attempt.record, error=error))
        attempt.close()
