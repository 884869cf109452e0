"""Identifiers, dates and signed URLs, drawn from a seeded stream in the service's formats."""

import base64
import string
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from uuid import UUID

from currents_async.errors import InvalidArgumentError

EPOCH = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When every world starts; a date is a number of milliseconds since then."""

_BASE62 = string.ascii_letters + string.digits
_ASSETS = "https://fs.currents.dev"
_RSA_BYTES = 256
_ASSET_SECONDS = 3 * 24 * 60 * 60


def stream(*key: object) -> Random:
    """Return the random numbers of a key, the same ones on every machine."""
    return Random(":".join(map(str, key)))  # noqa: S311 - data for tests, no secrets


def iso(ms: int) -> str:
    """Format a date as the service does: ISO 8601 with milliseconds and `Z`."""
    minute, rest = divmod(ms, 60_000)
    return f"{_minute(minute)}{rest // 1000:02}.{rest % 1000:03}Z"


@cache
def _minute(number: int) -> str:
    # A large run has 60,000 dates in a few hundred minutes.
    return (EPOCH + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:")


def parse_iso(text: str) -> int:
    """Return the milliseconds since `EPOCH` of a date of the wire."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)


def date_ms(date: datetime) -> int:
    """Return the milliseconds since `EPOCH` of a date, which must have a time zone."""
    if date.tzinfo is None:
        raise InvalidArgumentError("created_at must have a time zone, as with tzinfo=UTC")
    return (date - EPOCH) // timedelta(milliseconds=1)


def seconds_ms(seconds: float) -> int:
    """Return the milliseconds since `EPOCH` of seconds since 1970."""
    return int(seconds * 1000) - epoch_ms(0)


def epoch_ms(ms: int) -> int:
    """Return milliseconds since 1970, which `claimList[].t` carries."""
    return int(EPOCH.timestamp()) * 1000 + ms


def base62(rng: Random, length: int) -> str:
    """Draw an ID of letters and digits."""
    return "".join(rng.choices(_BASE62, k=length))


def hexadecimal(rng: Random, length: int) -> str:
    """Draw an ID of an even number of hexadecimal digits."""
    return rng.randbytes(length // 2).hex()


def uuid(rng: Random) -> str:
    """Draw a UUID of version 4."""
    return str(UUID(bytes=rng.randbytes(16), version=4))


def cloudfront_url(rng: Random, org: str, file_name: str, made: int) -> str:
    """Return a URL that is signed as by CloudFront, when the asset was made."""
    signature = base64.b64encode(rng.randbytes(_RSA_BYTES), b"-~").decode().replace("=", "_")
    expires = epoch_ms(made) // 1000 + _ASSET_SECONDS
    query = f"Expires={expires}&Key-Pair-Id=K1ZNDCCIZ3P4FU&Signature={signature}"
    return f"{_ASSETS}/{org}/{file_name}?{query}"


def s3_url(rng: Random, org: str, file_name: str, made: int) -> str:
    """Return a URL that is signed as by S3, when the asset was made."""
    query = to_sign(EPOCH + timedelta(milliseconds=made))
    return f"{_ASSETS}/{org}/{file_name}?{query}&X-Amz-Signature={rng.randbytes(32).hex()}"


def to_sign(
    now: datetime, seconds: int = _ASSET_SECONDS, *, signed: Sequence[str] = ("host",)
) -> str:
    """Return the query of an S3 URL that is valid from now on, without its signature."""
    return (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"
        f"&X-Amz-Credential=fake%2F{now:%Y%m%d}%2Fauto%2Fs3%2Faws4_request"
        f"&X-Amz-Date={now:%Y%m%dT%H%M%SZ}&X-Amz-Expires={seconds}"
        f"&X-Amz-SignedHeaders={'%3B'.join(signed)}"
    )
