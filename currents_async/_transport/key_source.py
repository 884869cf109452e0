"""Where the key of each attempt comes from: a text, or a function that is asked for it."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from currents_async._checks import key_refusal
from currents_async._tasks import wait_for_all
from currents_async._transport.credential import Credential, find_credential
from currents_async.errors import ClientClosedError, CredentialError, InvalidArgumentError


class _Failure(NamedTuple):
    reason: str
    cause: BaseException | None = None


class KeySource:
    """Returns the key for an attempt; a function is asked by one task at a time, for all that wait.

    The function is an attribute and no variable: its repr may show a secret that it is bound to.
    """

    __slots__ = ("__weakref__", "_asking", "_function", "_is_async", "_is_closed", "_kept")

    def __init__(self, key: Credential | Callable[[], object]) -> None:
        self._kept: Credential | None = key if isinstance(key, Credential) else None
        self._function = None if isinstance(key, Credential) else key
        self._is_async = inspect.iscoroutinefunction(key) or inspect.iscoroutinefunction(
            getattr(key, "__call__", None)  # noqa: B004 - whether it is async
        )
        self._asking: asyncio.Task[Credential | _Failure] | None = None
        self._is_closed = False

    @property
    def fixed(self) -> Credential | None:
        """The key that never changes; None for a function."""
        return self._kept if self._function is None else None

    def redact(self, text: str) -> str:
        """Return a text without the last known key, as `Credential.redact` does."""
        return text if self._kept is None else self._kept.redact(text)

    async def ask(self) -> Credential:
        """Return the key of now; raise `CredentialError` if the function does not return one.

        A cancellation does not cancel the function, for which others may be waiting, and which may
        be about to use up a refresh token.
        """
        if self._is_closed:
            raise ClientClosedError("the client has been closed")
        asking = self._asking
        if asking is None:
            asking = self._asking = asyncio.create_task(self._ask())
            asking.add_done_callback(self._asked)
        await asyncio.wait([asking])
        if asking.cancelled():
            raise CredentialError("the function passed as api_key was cancelled")
        outcome = asking.result()
        if isinstance(outcome, _Failure):
            # An error for each that waits: they must not share a traceback.
            raise CredentialError(outcome.reason) from outcome.cause
        return outcome

    async def replace(self, refused: Credential | None) -> bool:
        """Return whether there is another key than one that was refused, asking once more for it.

        Raises as `ask` does.
        """
        if self._kept is refused and self._asking is not None:
            # It may have begun before the refusal, and then says nothing about it.
            await self.ask()
        if self._function is None or self._kept is not refused:
            return self._function is not None
        return await self.ask() is not refused

    async def aclose(self) -> None:
        """Cancel the function if it is running, and let nobody ask from now on."""
        self._is_closed = True
        if self._asking is not None:
            self._asking.cancel()
            await wait_for_all([self._asking])

    def _asked(self, _: "asyncio.Task[Credential | _Failure]") -> None:
        self._asking = None

    async def _ask(self) -> Credential | _Failure:
        try:
            key = await self._call()
        except Exception as error:  # noqa: BLE001 - the cause of the error of each that waits
            return _Failure(f"the function passed as api_key raised {type(error).__name__}", error)
        reason = key_refusal(key)
        if reason is not None or not isinstance(key, str):
            return _Failure(f"what the function passed as api_key returned {reason}")
        if self._kept is None or not self._kept.is_key(key):
            self._kept = Credential(key)
        return self._kept

    async def _call(self) -> object:
        # In a thread unless it is async: it may block, to read a file or to fetch a token.
        result = self._call_now() if self._is_async else await asyncio.to_thread(self._call_now)
        return await result if inspect.isawaitable(result) else result

    def _call_now(self) -> object:
        try:
            return None if self._function is None else self._function()
        except StopIteration as error:
            # A future refuses it, so that the wait for the thread would not end.
            raise RuntimeError("the function raised StopIteration") from error


def find_key(
    api_key: str | Callable[[], str | Awaitable[str]] | None,
) -> KeySource | InvalidArgumentError:
    """Take the key, or the function that returns it, from the argument, else the environment.

    Returns the error instead of raising it, as `find_credential` does.
    """
    key = api_key if callable(api_key) else find_credential(api_key)
    return key if isinstance(key, InvalidArgumentError) else KeySource(key)
