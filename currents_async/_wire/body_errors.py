"""What can be wrong with the body of a response; `failure.py` turns it into errors of requests."""


class BodyError(Exception):
    """The base of these errors: the body of a response is not what it should be."""


class TruncatedBodyError(BodyError):
    """The body ends before its own format allows."""


class CorruptBodyError(BodyError):
    """The bytes are not in the encoding that the headers name."""


class OversizedBodyError(BodyError):
    """The inflated body is over the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes")
        self.limit = limit


class UnexpectedBodyError(BodyError):
    """The text is not the JSON that the operation returns."""

    def __init__(self, reason: str, path: str | None = None) -> None:
        super().__init__(reason)
        self.path = path


class RefusedBodyError(BodyError):
    """The envelope says that the request failed, whatever the HTTP status."""
