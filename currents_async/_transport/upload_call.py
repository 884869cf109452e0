"""An upload: attempts one after the other, to a URL that is declared anew when it is over."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from currents_async._transport.call import Call
from currents_async._transport.channel import Channel
from currents_async._transport.options import CallOptions
from currents_async._transport.upload_attempt import UploadAttempt, UploadTarget
from currents_async.errors import CurrentsError, RequestInfo

_MARGIN = 5.0
"""Seconds before a URL expires in which no PUT is begun: storage looks at it when it arrives."""


class UploadCall(Call[UploadAttempt]):
    """An upload of one file."""

    def __init__(
        self,
        channel: Channel,
        target: UploadTarget,
        options: CallOptions,
        *,
        declare: Callable[[], Awaitable[UploadTarget]],
    ) -> None:
        """`declare` declares the file anew."""
        super().__init__(channel, options)
        self._target = target
        self._declare = declare

    async def send(self, path: Path, size: int, on_sent: Callable[[int], None]) -> None:
        """Upload a file of a size; `on_sent` is called with the bytes that an attempt has sent.

        Raises a `CurrentsError`, or what `on_sent` raises.
        """
        with self:
            await self._renew_if_over()
            await self.attempt(lambda attempt: attempt.send(path, size, on_sent))

    async def retry(self, error: CurrentsError) -> None:
        """Wait until the next attempt may begin, with a URL that is still valid then."""
        await super().retry(error)
        await self._renew_if_over()

    async def _renew_if_over(self) -> None:
        if self._channel.clock.now() >= self._target.ends_at - _MARGIN:
            self._target = await self._declare()

    async def _renewed(self, attempt: UploadAttempt) -> bool:
        """Declare the file anew, once, if the URL was refused."""
        if not attempt.refused or self._renewals:
            return False
        self._renewals = 1
        self._target = await self._declare()
        return True

    def _new_attempt(self) -> UploadAttempt:
        return UploadAttempt(self._channel, self._target, self._info(), self._options)

    def _info(self) -> RequestInfo:
        return RequestInfo(
            operation="uploadAttachment",
            method="PUT",
            url=self._target.url.shown,
            attempts=self.attempts,
        )
