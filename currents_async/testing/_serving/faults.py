"""Faults: what a fake server does instead of responding as it should."""

import asyncio
import math
from collections.abc import Mapping
from random import Random
from typing import Literal, Never, get_args

import msgspec
from aiohttp import web
from msgspec.structs import replace

from currents_async.errors import InvalidArgumentError
from currents_async.testing._faulty.encoding import flip_bits
from currents_async.testing._faulty.exchange import reset
from currents_async.testing._faulty.message import GZIP, halves
from currents_async.testing._serving.sending import WireResponse, hang_up

FaultKind = Literal["reset", "close", "stall", "truncate", "cut-gzip", "corrupt"]
"""Faults of the connection and of its bytes."""

BEFORE_RESPONSE = frozenset({"reset", "close", "stall"})
"""The faults that leave a request undone; with others it is done, and its response damaged."""

OURS = frozenset({"reset", "close", "truncate"})
"""The faults with which the server ends the connection itself."""

_NEEDS_GZIP = frozenset({"cut-gzip", "corrupt"})

_KINDS = get_args(FaultKind)
_STATUS = 503
_STATUSES = range(200, 600)
_WITHOUT_BODY = (204, 304)


class ScriptedFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault, and the requests that get it."""

    operation: str | None
    """None means every request."""
    status: int = _STATUS
    times: int | None = 1
    """None means forever."""
    path_args: Mapping[str, str] = {}
    """Values that the request's path arguments must have; those not named may have any."""
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    """None is the host's own body for the status."""
    after: int = 0
    probability: float | None = None
    """None means always, and draws nothing."""
    seed: int = 0
    kind: FaultKind | None = None
    """What happens instead of a response with `status`."""

    def __post_init__(self) -> None:
        if self.status not in _STATUSES or self.status in _WITHOUT_BODY:
            raise InvalidArgumentError(
                f"status must be 200 to 599 and may have a body, not {self.status}"
            )
        if self.times is not None and self.times < 1:
            raise InvalidArgumentError(f"times must be at least 1, or None, not {self.times}")
        if self.after < 0:
            raise InvalidArgumentError(f"after must not be negative, not {self.after}")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise InvalidArgumentError(f"probability must be 0 to 1, not {self.probability}")
        if self.kind is not None:
            self._check_kind()

    def _check_kind(self) -> None:
        if self.kind not in _KINDS:
            raise InvalidArgumentError(f"fault must be one of {list(_KINDS)}, not {self.kind!r}")
        if self.status != _STATUS or self.headers or self.body is not None:
            raise InvalidArgumentError(
                "fault comes without status, headers and body: it sends none of them"
            )

    @property
    def replaces_response(self) -> bool:
        """Whether the request is left undone."""
        return self.kind is None or self.kind in BEFORE_RESPONSE

    def matches(self, operation: str | None, path_args: Mapping[str, str]) -> bool:
        """Return whether a request is one of those that this fault is for."""
        if self.operation not in {None, operation}:
            return False
        return self.path_args.items() <= path_args.items()


class Faults:
    """The faults that are still to come."""

    def __init__(self) -> None:
        self._armed: list[_ArmedFault] = []

    def add(self, fault: ScriptedFault) -> None:
        """Add a fault, which gets the requests that earlier ones leave alone."""
        self._armed.append(_ArmedFault(fault))

    def pending(self) -> list[ScriptedFault]:
        """List the faults with the times that are left of each."""
        return [
            replace(armed.fault, times=None if armed.left == math.inf else int(armed.left))
            for armed in self._armed
        ]

    def clear(self) -> None:
        """Drop all faults."""
        self._armed.clear()

    def take(self, operation: str | None, path_args: Mapping[str, str]) -> ScriptedFault | None:
        """Return the fault for a request, if it gets one."""
        for armed in self._armed:
            if armed.fault.matches(operation, path_args) and armed.strikes():
                if not armed.left:
                    self._armed.remove(armed)
                return armed.fault
        return None


class _ArmedFault:
    """A fault, and how often it can still happen."""

    def __init__(self, fault: ScriptedFault) -> None:
        self.fault = fault
        self.left = math.inf if fault.times is None else fault.times
        self._spared = fault.after
        self._random = Random(fault.seed)  # noqa: S311 - chance for tests, no secrets

    def strikes(self) -> bool:
        """Return whether the fault happens to the next request that matches."""
        if self._spared:
            self._spared -= 1
            return False
        chance = self.fault.probability
        if chance is not None and self._random.random() >= chance:
            return False
        self.left -= 1
        return True


async def break_off(request: web.Request, kind: FaultKind) -> Never:
    """Break a connection before any response."""
    if kind == "close":
        await hang_up(request)
    if kind == "reset" and request.transport is not None:
        reset(request.transport)
    while True:
        await asyncio.Event().wait()  # cancelled when the connection has gone


def needs_gzip(kind: FaultKind) -> bool:
    """Return whether a response must be compressed, requested or not, to be damaged this way."""
    return kind in _NEEDS_GZIP


def damage(response: WireResponse, kind: FaultKind) -> WireResponse:
    """Return a valid response with damage to its body."""
    half, _ = halves(response.body)
    if kind == "truncate":
        return response._replace(cut=len(half))
    return response._replace(
        body=half if kind == "cut-gzip" else flip_bits(response.body),
        headers={**response.headers, **GZIP},
    )
