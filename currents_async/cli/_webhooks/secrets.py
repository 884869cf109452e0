"""The secret of a webhook, which only the environment tells."""

import os

from currents_async.errors import InvalidArgumentError

VARIABLE = "CURRENTS_WEBHOOK_SECRET"


def read_secret(header: str | None) -> dict[str, str] | None:
    """Return the header with its secret, or None where none was asked for."""
    if header is None:
        return None
    secret = os.environ.get(VARIABLE)
    if not secret:
        raise InvalidArgumentError(f"no secret for the header {header!r}: set {VARIABLE}")
    return {header: secret}
