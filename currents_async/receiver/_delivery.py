"""The parts of a delivery, from any framework: its headers, the time in them, and its body."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from currents_async.errors import WebhookBodyError

Headers = Mapping[str, str] | Sequence[tuple[str, str]]
"""Names in any case. A mapping with several values for a name must yield all in `items()`."""

Body = bytes | AsyncIterable[bytes]
"""A body, or its chunks as they arrive, as the streams of web frameworks yield them."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[0-9]{1,14}(?:\.[0-9]{1,9})?")
"""Up to the year 5138, in either unit."""

_FIRST_IN_MILLISECONDS = 1e11
"""As seconds this would be the year 5138; as milliseconds it is 1973."""


def index_headers(headers: Headers) -> dict[str, list[str]]:
    """Return the values of each header, under its name in lower case."""
    values: dict[str, list[str]] = {}
    for name, value in headers if isinstance(headers, Sequence) else headers.items():
        values.setdefault(name.lower(), []).append(value)
    return values


def read_timestamp(values: Sequence[str]) -> datetime | None:
    """Return the time in the values of `x-timestamp`; None if missing, invalid or repeated.

    It is in seconds or milliseconds since 1970.
    """
    if len(values) != 1 or _NUMBER.fullmatch(values[0]) is None:
        return None
    number = float(values[0])
    milliseconds = number if number >= _FIRST_IN_MILLISECONDS else number * 1000
    return _EPOCH + timedelta(milliseconds=milliseconds)


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
