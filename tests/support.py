"""Helpers for tests of several files that are not fixtures."""

import asyncio
import pickle
import traceback

from currents_async import Currents, CurrentsError, Limits, Retries, Timeouts
from currents_async._clock import SystemClock
from currents_async.testing import FakeCurrents, RecordedRequest

KEY = "sk-a-very-secret-key"
PATIENT = Timeouts(connect=5, read=10, attempt=20, total=60)
HURRIED = Timeouts(connect=5, read=0.1, attempt=0.3, total=60)
"""For responses that never arrive."""

RUN = {"runId": "r", "projectId": "p", "completionState": "COMPLETE", "status": "PASSED"}
"""What a run always has."""

HOOK = "0b3c1c6e-7d0e-4d2a-9f4b-2f6f1f0f8a11"
"""The ID of a webhook: a UUID of version 4."""


class NoBackoff(SystemClock):
    """The system's time, with random numbers that make every backoff 0."""

    @staticmethod
    def random() -> float:
        return 0.0


def client(
    url: str,
    *,
    timeouts: Timeouts = PATIENT,
    retries: Retries | None = None,
    limits: Limits | None = None,
) -> Currents:
    return Currents(
        KEY, base_url=url, timeouts=timeouts, retries=retries, limits=limits, clock=NoBackoff()
    )


def respond_in_waves(server: FakeCurrents, operation: str, size: int) -> None:
    """Hold responses of an operation back until `size` requests are in flight at once."""
    wave = asyncio.Barrier(size)

    async def wait(request: RecordedRequest) -> None:
        if request.operation == operation:
            async with asyncio.timeout(20):  # fewer in flight would wait for ever
                await wave.wait()

    server.before_response = wait


def shown_of(error: BaseException, *, without: str | None = None) -> str:
    """Everything a log, a crash report or a pickle would show of an error.

    Frames of the file `without` are left out: a test may hold what is not to be shown.
    """
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert report.stack or without is None
    one: traceback.TracebackException | None = report
    while one is not None:
        one.stack = traceback.StackSummary.from_list([
            frame for frame in one.stack if frame.filename != without
        ])
        one = one.__cause__
    text = "".join(report.format()) + repr(error) + repr(vars(error))
    return text + (repr(pickle.dumps(error)) if isinstance(error, CurrentsError) else "")
