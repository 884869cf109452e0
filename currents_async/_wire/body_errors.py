"""What can be wrong with the body of an answer, known without knowing the request."""


class BodyError(Exception):
    """Base: the body of an answer is not what it should be."""


class TruncatedBodyError(BodyError):
    """The body ends before its own format says so."""


class CorruptBodyError(BodyError):
    """The bytes are not in the encoding they are declared to be in."""


class OversizedBodyError(BodyError):
    """The inflated body is over the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes")
        self.limit = limit


class UnexpectedBodyError(BodyError):
    """The text is not the JSON that the operation answers with."""

    def __init__(self, reason: str, path: str | None = None) -> None:
        super().__init__(reason)
        self.path = path


class RefusedBodyError(BodyError):
    """The envelope says that the request failed, whatever the HTTP status says."""
