"""Which runs can be compared with one another."""

from collections.abc import AsyncIterable

from currents_async.models.projects import ListedRun
from currents_async.models.runs import Run

MOST_LOOKED_THROUGH = 500
"""Runs among which a comparable one is looked for."""


def branch_of(run: Run) -> str | None:
    """Return the branch that a run tested, None when nobody said."""
    commit = None if run.meta is None else run.meta.commit
    return None if commit is None else commit.branch or None


def askable(*texts: str | None) -> list[str]:
    """Return the texts that a list can be filtered by: none that are blank or hold controls."""
    return [text for text in texts if text and text.strip() and text.isprintable()]


def is_comparable(run: Run, earlier: Run) -> bool:
    """Say whether a run is complete, of an earlier time, and of the same branch and tags.

    Runs of the same millisecond are not earlier than one another.
    """
    return (
        earlier.is_complete
        and earlier.deleted_at is None
        and earlier.created_at is not None
        and run.created_at is not None
        and earlier.created_at < run.created_at
        and branch_of(earlier) == branch_of(run)
        and set(earlier.tags) == set(run.tags)
    )


async def first_comparable(run: Run, others: AsyncIterable[ListedRun]) -> ListedRun | None:
    """Return the first of some runs that another one can be compared with."""
    async for other in others:
        if is_comparable(run, other):
            return other
    return None
