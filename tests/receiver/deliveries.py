"""Deliveries as the service sends them, for the tests of the receiver."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from currents_async.receiver import Receiver, Verifier
from currents_async.testing import ManualClock
from tests.support import shown_of

SECRET = "a-very-secret-token"
NOW = 1_767_225_600
"""What a `ManualClock` begins with, in seconds since 1970."""
RUN_ID = "950a13c3edf4f28b6e8ce301a404b4aa"
EVENTS = ("RUN_START", "RUN_FINISH", "RUN_TIMEOUT", "RUN_CANCELED")

PUBLISHED: dict[str, Any] = {
    "event": "RUN_START",
    "runUrl": f"https://app.currents.dev/run/{RUN_ID}",
    "buildId": "demo-build-cdx3314",
    "commit": {
        "authorEmail": "john@doe.com",
        "authorName": "John Doe",
        "defaultBranch": "main",
        "branch": "feature-A",
        "message": "feat: change button color",
        "remoteOrigin": "https://github.com/org/repo.git",
        "sha": "5a7edc9a156e417068060d67109021351fc7d9b8",
    },
    "failures": 0,
    "flaky": 0,
    "overall": 1,
    "passes": 1,
    "pending": 0,
    "retries": 0,
    "skipped": 0,
}
"""The example of the service's own documentation, "HTTP Webhooks"."""


def headers(secret: str = SECRET, *, at: float | str = NOW) -> dict[str, str]:
    return {"X-Secret": secret, "X-Timestamp": str(at), "Content-Type": "application/json"}


VALID = headers()


def body(event: str = "RUN_FINISH", run_id: str = RUN_ID, **fields: Any) -> bytes:
    """Return the body of an event; a field that is None is null."""
    run_url = f"https://app.currents.dev/run/{run_id}"
    return msgspec.json.encode({**PUBLISHED, "event": event, "runUrl": run_url, **fields})


def verifier(secrets: str | Sequence[str] = SECRET, **options: Any) -> Verifier:
    """Return a verifier by whose clock `headers` are not stale."""
    options.setdefault("clock", ManualClock(auto=False))
    return Verifier({"X-Secret": secrets}, **options)


async def deliver(receiver: Receiver, run_id: str, event: str = "RUN_FINISH") -> int:
    """Deliver an event, and return the status of the response."""
    return (await receiver.deliver(VALID, body(event, run_id))).status


async def turns(number: int = 10) -> None:
    """Let all other tasks run until they wait."""
    for _ in range(number):
        await asyncio.sleep(0)


def shown_within_the_library(error: BaseException) -> str:
    """Return what an error shows, without the frames of a test, which have the secrets."""
    traceback = error.__traceback__
    while traceback is not None and "currents_async/" not in traceback.tb_frame.f_code.co_filename:
        traceback = traceback.tb_next
    assert traceback is not None
    return shown_of(error.with_traceback(traceback))
