"""`runs diff`: two runs, test by test."""

from collections.abc import Callable, Iterator
from typing import Literal

from currents_async.analysis import ComparedTest, RunDiff
from currents_async.analysis.diff import CATEGORIES
from currents_async.cli import _exit
from currents_async.cli._options import COMMON, CommonOptions, Several
from currents_async.cli._streams import note
from currents_async.models._model import Model
from currents_async.models.common import Outcome

Finding = Literal["new", "failing", "flaky", "inconclusive"]
_FINDINGS: dict[Finding, Callable[[RunDiff], bool]] = {
    "new": lambda diff: bool(diff.new_failures),
    "failing": lambda diff: bool(diff.new_failures or diff.still_failing),
    "flaky": lambda diff: bool(diff.newly_flaky),
    "inconclusive": lambda diff: not diff.is_conclusive,
}
"""Whether a diff has what `--fail-on` names."""
_SHOWN = "change, spec, title, before, after, error"


class Change(Model, frozen=True, gc=False, kw_only=True):
    """What became of a test."""

    change: str
    """The category of `RunDiff`; a test may be in two."""
    spec: str
    title: str
    group_id: str | None = None
    before: Outcome | None = None
    after: Outcome | None = None
    error: str = ""
    """The first line of its error in the later run."""
    instance_id: str | None = None
    """In the later run, or in the earlier one if the test is gone."""


async def diff(
    first: str,
    second: str | None = None,
    /,
    *,
    fail_on: Several[Finding] = (),
    common: CommonOptions = COMMON,
) -> int:
    """Compare two runs test by test, and print what has changed or fails.

    Parameters
    ----------
    first
        The earlier run; given alone, the later one, which is compared with the newest complete run
        before it of the same branch and tags.
    second
        The later run.
    fail_on
        The exit code is 6 when there is such a finding: `new` failures; `failing`, be it new or
        not; `flaky` that was not; `inconclusive` when not everything could be compared. Several can
        be given.

    """
    async with common.open(Change, _SHOWN) as (currents, printer):
        if second is None:
            before = await currents.runs.previous(first)
            if before is None:
                note(f"there is no run before {first} to compare it with")
                return _exit.NOT_FOUND
            first, second = before.run_id, first
        found = await currents.runs.diff(first, second)
    printer.all(_changes_of(found))
    for line in _summary_of(found):
        note(line)
    return _exit.FINDINGS if any(_FINDINGS[one](found) for one in fail_on) else _exit.OK


def _changes_of(diff: RunDiff) -> Iterator[Change]:
    """Go over what changed, category by category."""
    for category in CATEGORIES:
        compared: tuple[ComparedTest, ...] = getattr(diff, category)
        for one in compared:
            yield _change(category, one)
    for ambiguous in diff.ambiguous:
        for test in ambiguous.after or ambiguous.before:
            yield _change("ambiguous", ComparedTest(after=test))


def _change(category: str, one: ComparedTest) -> Change:
    return Change(
        change=category,
        spec=one.test.spec,
        title=one.test.full_title,
        group_id=one.test.group_id,
        before=None if one.before is None else one.before.state,
        after=None if one.after is None else one.after.state,
        error="" if one.after is None else one.after.error,
        instance_id=one.test.instance_id,
    )


def _summary_of(diff: RunDiff) -> Iterator[str]:
    """Return the counts in a line, and one more if not everything could be compared."""
    counts = ", ".join(
        f"{count} {category.replace('_', ' ')}" for category, count in diff.counts.items() if count
    )
    yield f"{diff.before_run_id} -> {diff.after_run_id}: {counts or 'no tests'}"
    if not diff.is_conclusive:
        yield "not everything could be compared: runs or spec files did not run to their end"
