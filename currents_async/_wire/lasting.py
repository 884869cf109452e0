"""What a response says about how long it stays true."""

import math
from typing import NamedTuple

from currents_async.models.instances import Instance
from currents_async.models.runs import Run

_LONGEST = 24 * 3600.0
"""Seconds: a run that does not say how long it took has ended by then."""
_MAX_MS = 10**15
_SETTLING = 300.0
"""Seconds after the end of a run in which results may still arrive."""


class Lasting(NamedTuple):
    """The run that a response is of, or of a part of it."""

    run_id: str
    since: float | None = None
    """From when on the run does not change, in seconds since the epoch; infinity if it goes on.

    None in the response of an instance, which does not say.
    """


def lasting_run(run: Run) -> Lasting:
    """Return from when on a run does not change any more."""
    if not run.has_ended or run.deleted_at is not None or run.created_at is None:
        return Lasting(run.run_id, math.inf)
    # The server's number may be too large for a float.
    took = _LONGEST if run.duration_ms is None else max(0, min(run.duration_ms, _MAX_MS)) / 1000
    return Lasting(run.run_id, run.created_at.timestamp() + took + _SETTLING)


def lasting_instance(instance: Instance) -> Lasting | None:
    """Return the run whose end is also that of an instance; None if it does not say which."""
    return None if instance.run_id is None else Lasting(instance.run_id)
