"""Decides whether to accept a delivery, without any I/O but that of the replay store."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import anyio

from currents_async._checks import check_int, check_seconds, check_texts
from currents_async._clock import Clock, SystemClock
from currents_async.errors import (
    InvalidArgumentError,
    WebhookError,
    WebhookReplayError,
    WebhookSecretError,
    WebhookStaleError,
    WebhookTooLargeError,
)
from currents_async.receiver._delivery import Headers, index_headers, read_timestamp
from currents_async.receiver._reading import read_event
from currents_async.receiver._secrets import Secrets, read_secrets
from currents_async.receiver.events import AnyEvent, RunEvent
from currents_async.receiver.replays import MemoryReplays, ReplayStore


class Verifier:
    """Accepts deliveries of Currents, and refuses forged, stale and repeated ones.

        verifier = Verifier({"X-Secret": [new, old]})
        verifier.check_headers(request.headers)  # before reading the body
        event = await verifier.accept(request.headers, await request.read())

    Currents does not sign webhooks. A delivery proves only that its sender knows the values of the
    headers that you set when you created the webhook. Take its body as a hint, and fetch the run
    with `await event.fetch(currents)`. Serve webhooks over TLS only.
    """

    max_body: int
    """Bytes of the largest body that is accepted."""

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
        """Make a verifier; raise `InvalidArgumentError` for arguments that would accept anyone.

        `secrets` are the headers that deliveries must have, all of them, each with its value, or
        with one of several while it is being replaced. A delivery may be `tolerance` seconds old,
        or as far ahead of this machine's clock. `hosts` are those of the dashboard, with a port if
        it is not that of HTTPS. `insecure`, for development, accepts deliveries without secrets and
        without a time; secrets that are given must still match.
        """
        check = read_secrets(secrets or {}, insecure=insecure)
        del secrets
        if isinstance(check, InvalidArgumentError):
            raise check
        self.max_body = check_int("max_body", max_body)
        self._carries_secrets = check
        self._tolerance = check_seconds("tolerance", tolerance)
        self._hosts = frozenset(host.lower() for host in check_texts("hosts", hosts, min_items=1))
        self._insecure = insecure
        self._clock = clock or SystemClock()
        self._replays = MemoryReplays(clock=self._clock) if replays is None else replays

    def parse(self, headers: Headers, body: bytes) -> AnyEvent:
        """Return the event of a delivery, whether or not it has been accepted before.

        Raises, checked in this order, `WebhookSecretError`, `WebhookStaleError`,
        `WebhookTooLargeError` and `WebhookBodyError`. No error shows the secrets or the body.
        """
        outcome = self._check(headers, body)
        del headers, body  # a traceback with locals would show them
        if isinstance(outcome, WebhookError):
            raise outcome
        return outcome

    def check_headers(self, headers: Headers) -> None:
        """Raise what `parse` would raise, as far as the headers show it.

        A delivery that is refused here would be refused with any body, so the body need not be
        read. `Content-Length` may show that it is too large.
        """
        outcome = self._check_headers(headers)
        del headers
        if isinstance(outcome, WebhookError):
            raise outcome

    async def accept(self, headers: Headers, body: bytes) -> AnyEvent:
        """Return the event of a delivery, and remember that it was accepted.

        Raises what `parse` and `claim` raise. If you cannot handle it, `release` it, so that it can
        be sent again.
        """
        try:
            event = self.parse(headers, body)
        finally:
            del headers, body
        await self.claim(event)
        return event

    async def claim(self, event: RunEvent) -> None:
        """Remember that a delivery was accepted; raise `WebhookReplayError` if it was before.

        It is remembered until it would be stale. Errors of the store are raised as they are.
        """
        try:
            # From the tolerance ahead of our clock until the tolerance behind it.
            is_new = await self._replays.add(event.key, seconds=2 * self._tolerance)
        except BaseException:
            # The store may or may not have the key, and the sender will try again: handling the
            # event twice is better than never.
            with anyio.CancelScope(shield=True), suppress(Exception):
                await self.release(event)
            raise
        if not is_new:
            raise WebhookReplayError("the delivery has been accepted before")

    async def release(self, event: RunEvent) -> None:
        """Forget that a delivery was accepted, so that it can be accepted again."""
        await self._replays.remove(event.key)

    def _check(self, headers: Headers, body: bytes) -> AnyEvent | WebhookError:
        """Return errors instead of raising them: a traceback would hold headers and body."""
        sent_at = self._check_headers(headers)
        if isinstance(sent_at, WebhookError):
            return sent_at
        if len(body) > self.max_body:
            return self._too_large()
        try:
            return read_event(body, self._hosts, sent_at)
        except WebhookError as error:
            return error.with_traceback(None)

    def _check_headers(self, headers: Headers) -> datetime | WebhookError | None:
        """Return when a delivery was sent, if known, or the error."""
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
        """Return what is wrong with the time that a delivery was sent at, or None."""
        if sent_at is None:
            missing = "x-timestamp must be the time sent, in seconds or milliseconds since 1970"
            return None if self._insecure else missing
        age = self._clock.wall() - sent_at.timestamp()
        if abs(age) <= self._tolerance:
            return None
        ahead = "ago" if age > 0 else "ahead of this clock"
        return (
            f"the delivery was sent {abs(age):.0f} s {ahead}; {self._tolerance:g} s are tolerated"
        )


def _is_more(length: str, limit: int) -> bool:
    digits = length.strip()
    # Bounded, because Python refuses to convert thousands of digits.
    return digits.isascii() and digits.isdigit() and (len(digits) > 20 or int(digits) > limit)  # noqa: PLR2004
