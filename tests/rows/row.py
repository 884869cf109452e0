"""One row of the request table: a call, and the exact request that it must send."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from currents_async import Currents

Call = Callable[[Currents], Awaitable[object]]

RUN = {"runId": "r", "projectId": "p", "completionState": "COMPLETE", "status": "PASSED"}


class Row(NamedTuple):
    """A call and its request; `data` is what the answer's envelope has for it to be decoded."""

    operation: str
    call: Call
    method: str
    target: str
    """Path and query, percent-encoded as they are sent."""
    body: bytes | None = None
    data: object = {}
    status: int = 200
    content: bytes | None = None
    """The answer's body instead of an envelope around `data`."""
