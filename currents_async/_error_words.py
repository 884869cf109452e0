"""Errors of requests in words for people, without the names of operations."""

from currents_async import errors

_OF_REQUESTS = (
    errors.TransportError,
    errors.AmbiguousError,
    errors.DecodeError,
    errors.ResponseTooLargeError,
)


def in_words(error: errors.CurrentsError) -> str:
    """Return what was wrong, and then with which request."""
    if isinstance(error, errors.APIError):
        code = f" ({error.code})" if error.code else ""
        where = f"HTTP {error.status}, {error.method} {error.url}"
        request = f", request {error.request_id}" if error.request_id else ""
        return f"{error.message}{code} ({where}{request})"
    if isinstance(error, _OF_REQUESTS):
        return f"{error.args[0]} ({error.method} {error.url})"
    return str(error)
