"""Reads the body of a delivery, within limits of size and time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable

from currents_async.errors import WebhookBodyError

Body = bytes | AsyncIterable[bytes]
"""A body, or its chunks as they arrive, as the streams of web frameworks yield them."""


async def read_body(body: Body, *, max_bytes: int, seconds: float) -> bytes:
    """Return a body, or the first `max_bytes` + 1 bytes of a larger one.

    Raises `TimeoutError` when it takes longer, and `WebhookBodyError` when it breaks off.
    """
    if not isinstance(body, AsyncIterable):
        return body
    text = bytearray()
    try:
        # On the time of the event loop, like all waiting for a network.
        async with asyncio.timeout(seconds):
            async for chunk in body:
                text += chunk[: max_bytes + 1 - len(text)]
                if len(text) > max_bytes:
                    break
    except TimeoutError:
        raise
    except Exception as error:  # noqa: BLE001 - each framework raises its own errors
        reason = type(error).__name__
    else:
        return bytes(text)
    finally:
        if isinstance(body, AsyncGenerator):
            await body.aclose()  # otherwise the loop would, at some later time
    # Outside the `except`: the context of the error would keep the body alive.
    raise WebhookBodyError(f"the body broke off: {reason}")
