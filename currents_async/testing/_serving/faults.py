"""Faults: answers that a fake server gives instead of the right ones."""

from collections.abc import Mapping, Sequence
from http.client import responses

import msgspec

from currents_async.testing._serving.replies import encode_failure

_STATUSES = range(200, 600)
_WITHOUT_BODY = (204, 304)


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """An answer for the next `times` requests of an operation that match."""

    operation: str
    status: int
    times: int = 1
    path_args: Mapping[str, str] = {}
    """What the request's path arguments must be; those not named may be anything."""
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    """None says what the status says, in the service's envelope."""

    def __post_init__(self) -> None:
        if self.status not in _STATUSES or self.status in _WITHOUT_BODY:
            raise ValueError(f"status must be 200 to 599 and may have a body, not {self.status}")
        if self.times < 1:
            raise ValueError(f"times must be at least 1, not {self.times}")

    def matches(self, operation: str | None, path_args: Mapping[str, str]) -> bool:
        """Say whether a request is one of those that get this answer."""
        return operation == self.operation and self.path_args.items() <= path_args.items()

    def content(self) -> bytes:
        """Return the body to send."""
        if self.body is not None:
            return self.body
        return encode_failure(responses.get(self.status, f"Status {self.status}"))


def take(
    faults: Sequence[Fault], operation: str | None, path_args: Mapping[str, str]
) -> tuple[Fault | None, list[Fault]]:
    """Return the first fault that matches a request, and the faults that are left after it."""
    for index, fault in enumerate(faults):
        if fault.matches(operation, path_args):
            again = fault.times - 1
            left = [msgspec.structs.replace(fault, times=again)] if again else []
            return fault, [*faults[:index], *left, *faults[index + 1 :]]
    return None, list(faults)
