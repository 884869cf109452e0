"""The body of a delivery, read no further than it can be right, and for no longer than it takes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable

from currents_async.errors import WebhookBodyError

Body = bytes | AsyncIterable[bytes]
"""A body, or what it arrives in: chunks, as the streams of web frameworks have them."""


async def read_body(body: Body, *, max_bytes: int, seconds: float) -> bytes:
    """Return a body, or its beginning, a byte too many, if it is larger than `max_bytes`.

    Raises `TimeoutError` when it takes longer, and `WebhookBodyError` when it breaks off.
    """
    if not isinstance(body, AsyncIterable):
        return body
    text = bytearray()
    try:
        # By the event loop, as all waiting for a network is.
        async with asyncio.timeout(seconds):
            async for chunk in body:
                text += chunk[: max_bytes + 1 - len(text)]
                if len(text) > max_bytes:
                    break
    except TimeoutError:
        raise
    except Exception as error:  # noqa: BLE001 - each framework raises its own
        reason = type(error).__name__
    else:
        return bytes(text)
    finally:
        if isinstance(body, AsyncGenerator):
            await body.aclose()  # or else the loop would, some time
    # Outside the `except`: with its context, the error would keep the body alive.
    raise WebhookBodyError(f"the body broke off: {reason}")
