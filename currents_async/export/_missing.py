"""What an export could not fetch, and when it is tried again.

The next export with `resume` tries again at once. What is still missing then is tried after one
night, then after 2, 4 and 8, and for the last time when it has been missing for `GIVE_UP_AFTER`.
Lists of runs are tried every night.
"""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from currents_async._redaction import hide_signatures
from currents_async.errors import APIError

Reason = Literal["failed", "given up", "gone", "past retention"]

GIVE_UP_AFTER = timedelta(days=14)
"""For how long missing items are tried again, since they were first missed."""
RETENTION = timedelta(days=90)
"""How long results are kept outside of the archive. Source: `docs/api/base.md`, "Retention"."""

_NIGHT = timedelta(hours=20)
"""Less than a day, because nightly jobs do not start on the minute."""


class Missing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A missing instance, run or part of it, or without a run ID the list of runs of a window."""

    run_id: str = ""
    instance_id: str = ""
    spec: str = ""
    reason: Reason = "failed"
    """`gone` and `past retention` if what was fetched before is kept."""
    error: str = ""
    """The class of the error, if there was one."""
    status: int | None = None
    message: str
    since: datetime
    """When it was first missed."""
    tries: int = 1
    next_try: datetime | None = None
    """None if it is not tried again."""

    @property
    def key(self) -> tuple[str, str]:
        """What distinguishes it from others of its window."""
        return self.run_id, self.instance_id

    @property
    def is_kept(self) -> bool:
        """Whether rows of an earlier export are kept."""
        return self.reason in {"gone", "past retention"}

    def is_due(self, now: datetime) -> bool:
        """Return whether it is due; a clock that was ahead does not postpone it."""
        return self.next_try is not None and (now >= self.next_try or now < self.since)

    def again(self, before: "Missing | None", *, now: datetime) -> "Missing":
        """Return it with the history of the one `before`, and with the time of its next try."""
        since, tries = now, 1
        if before is not None and before.since <= now:
            since, tries = before.since, before.tries + 1
        last = since + GIVE_UP_AFTER
        is_given_up = now >= last
        return msgspec.structs.replace(
            self,
            reason="given up" if is_given_up and self.reason == "failed" else self.reason,
            since=since,
            tries=tries,
            next_try=None if is_given_up else min(now + self._wait(tries), last),
        )

    def _wait(self, tries: int) -> timedelta:
        if tries == 1:
            return timedelta()
        return _NIGHT * 2 ** (tries - 2) if self.run_id else _NIGHT


def reason_of_gone(day_ended: datetime, *, now: datetime) -> Reason:
    """Return the reason for which the server no longer has something of a day."""
    return "past retention" if now - day_ended >= RETENTION else "gone"


def missing_by(
    error: Exception, *, run_id: str = "", instance_id: str = "", spec: str = "", now: datetime
) -> Missing:
    """Record an error by its message; the error itself holds references to more."""
    return Missing(
        run_id=run_id,
        instance_id=instance_id,
        spec=spec,
        error=type(error).__name__,
        status=error.status if isinstance(error, APIError) else None,
        message=hide_signatures(str(error)),
        since=now,
    )
