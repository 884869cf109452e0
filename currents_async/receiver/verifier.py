"""Whether a delivery is to be acted on, decided without any I/O but that of the replay store."""

import math
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import anyio

from currents_async._clock import Clock, SystemClock
from currents_async._config import check_count
from currents_async._wire.query import check_texts
from currents_async.errors import (
    InvalidArgumentError,
    WebhookError,
    WebhookReplayError,
    WebhookSecretError,
    WebhookStaleError,
    WebhookTooLargeError,
)
from currents_async.receiver._headers import Headers, index_headers
from currents_async.receiver._reading import read_event
from currents_async.receiver._secrets import Secrets, read_secrets
from currents_async.receiver._timestamps import read_timestamp
from currents_async.receiver.events import AnyEvent, RunEvent
from currents_async.receiver.replays import MemoryReplays, ReplayStore


class Verifier:
    """Tells deliveries of Currents from forged, stale and repeated ones.

        verifier = Verifier({"X-Secret": [new, old]})
        verifier.check_headers(request.headers)  # before anything is read from a stranger
        event = await verifier.accept(request.headers, await request.read())

    Currents signs nothing. What a delivery proves is that its sender knows the values of the
    headers that you set when you made the webhook; its body proves nothing: take it for a hint,
    and `await event.fetch(currents)` for the truth. Serve it by TLS alone.
    """

    max_body: int
    """Bytes of the largest body that is looked at."""

    def __init__(
        self,
        secrets: Secrets | None = None,
        *,
        tolerance: float = 300.0,
        max_body: int = 1_048_576,
        hosts: Sequence[str] = ("app.currents.dev",),
        insecure: bool = False,
        replays: ReplayStore | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a verifier; raise `InvalidArgumentError` for what would let anybody in.

        `secrets` are the headers that deliveries must have, all of them, each with its value, or
        with the several that are right while one is being replaced. A delivery may be `tolerance`
        seconds old, or as far ahead of this machine's clock. `hosts` are where the dashboard is,
        with a port if it is not that of HTTPS. `insecure`, for development, makes do without
        secrets, and without a time; secrets that there are must be right all the same.
        """
        check = read_secrets(secrets or {}, insecure=insecure)
        del secrets
        if isinstance(check, InvalidArgumentError):
            raise check
        if not 0 < tolerance < math.inf:
            raise InvalidArgumentError("tolerance must be a positive number of seconds")
        self.max_body = check_count("max_body", max_body)
        self._carries_secrets = check
        self._tolerance = tolerance
        self._hosts = frozenset(host.lower() for host in check_texts("hosts", hosts, fewest=1))
        self._insecure = insecure
        self._clock = clock or SystemClock()
        self._replays = MemoryReplays(clock=self._clock) if replays is None else replays

    def parse(self, headers: Headers, body: bytes) -> AnyEvent:
        """Return the event that a delivery tells of, whether or not it has been there before.

        Checked in this order, it raises `WebhookSecretError`, `WebhookStaleError`,
        `WebhookTooLargeError` and `WebhookBodyError`. No error shows the secrets or the body.
        """
        outcome = self._look_at(headers, body)
        del headers, body  # a traceback with locals would show them
        if isinstance(outcome, WebhookError):
            raise outcome
        return outcome

    def check_headers(self, headers: Headers) -> None:
        """Raise what `parse` raises for a delivery as soon as its headers are there.

        Nobody has to read a body from a stranger: a delivery that is refused here is refused
        whatever follows. `Content-Length` alone may say that it is too large.
        """
        outcome = self._look_at_headers(headers)
        del headers
        if isinstance(outcome, WebhookError):
            raise outcome

    async def accept(self, headers: Headers, body: bytes) -> AnyEvent:
        """Return the event that a delivery tells of, and remember that it was here.

        Raises as `parse` and `claim` do. Where you cannot keep it, `release` it again, so that it
        can be sent again.
        """
        try:
            event = self.parse(headers, body)
        finally:
            del headers, body
        await self.claim(event)
        return event

    async def claim(self, event: RunEvent) -> None:
        """Remember that a delivery was here; raise `WebhookReplayError` if it was before.

        It is remembered for as long as it would not be stale. What the store raises goes through.
        """
        try:
            # From as far ahead as is tolerated until as far behind.
            is_new = await self._replays.add(event.key, seconds=2 * self._tolerance)
        except BaseException:
            # Nobody knows what the store has done, and the sender will try again: acting on it
            # twice is better than never.
            with anyio.CancelScope(shield=True), suppress(Exception):
                await self.release(event)
            raise
        if not is_new:
            raise WebhookReplayError("the delivery has been accepted before")

    async def release(self, event: RunEvent) -> None:
        """Forget that a delivery was here: the same one can be accepted again."""
        await self._replays.remove(event.key)

    def _look_at(self, headers: Headers, body: bytes) -> AnyEvent | WebhookError:
        """Return the error instead of raising it: its traceback would hold headers and body."""
        sent_at = self._look_at_headers(headers)
        if isinstance(sent_at, WebhookError):
            return sent_at
        if len(body) > self.max_body:
            return self._too_large()
        try:
            return read_event(body, self._hosts, sent_at)
        except WebhookError as error:
            return error.with_traceback(None)

    def _look_at_headers(self, headers: Headers) -> datetime | WebhookError | None:
        """Return when a delivery was sent, if it says so, or the error."""
        values = index_headers(headers)
        if not self._carries_secrets(values):
            return WebhookSecretError("the delivery does not carry the secret")
        sent_at = read_timestamp(values.get("x-timestamp", ()))
        reason = self._staleness(sent_at)
        if reason is not None:
            return WebhookStaleError(reason)
        if any(_is_more(length, self.max_body) for length in values.get("content-length", ())):
            return self._too_large()
        return sent_at

    def _too_large(self) -> WebhookError:
        return WebhookTooLargeError(f"the body is larger than {self.max_body} bytes")

    def _staleness(self, sent_at: datetime | None) -> str | None:
        """Say what is wrong with the time that a delivery was sent at, or None if nothing is."""
        if sent_at is None:
            missing = "x-timestamp must say when it was sent, in seconds or milliseconds since 1970"
            return None if self._insecure else missing
        age = self._clock.wall() - sent_at.timestamp()
        if abs(age) <= self._tolerance:
            return None
        ahead = "ago" if age > 0 else "ahead of this clock"
        return (
            f"the delivery was sent {abs(age):.0f} s {ahead}; {self._tolerance:g} s are tolerated"
        )


def _is_more(length: str, limit: int) -> bool:
    """Return whether a header says a length above a limit; what is no number says nothing."""
    digits = length.strip()
    # Bounded, because Python converts no number of thousands of digits.
    return digits.isascii() and digits.isdigit() and (len(digits) > 20 or int(digits) > limit)  # noqa: PLR2004
