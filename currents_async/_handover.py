"""Hands results of workers to their consumer, without yielding to the event loop each time.

The methods of a stream always yield; here the network yields often enough.
"""

from typing import TYPE_CHECKING, TypeVar

import anyio

if TYPE_CHECKING:  # anyio loads its parts when they are first used
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

T = TypeVar("T")


async def send(stream: "MemoryObjectSendStream[T]", item: T) -> None:
    """Send an item, as soon as there is room for it."""
    try:
        stream.send_nowait(item)
    except anyio.WouldBlock:
        await stream.send(item)


async def receive(stream: "MemoryObjectReceiveStream[T]") -> T:
    """Receive an item. Raises `anyio.EndOfStream`."""
    try:
        return stream.receive_nowait()
    except anyio.WouldBlock:
        return await stream.receive()


async def take(results: "MemoryObjectReceiveStream[T | Exception]") -> T | None:
    """Return the next result, or None at the end; an error that was sent is raised as itself."""
    try:
        outcome = await receive(results)
    except anyio.EndOfStream:
        return None
    if isinstance(outcome, Exception):
        try:
            raise outcome
        finally:
            del outcome  # with its traceback it would keep itself alive
    return outcome
