"""Two runs, test by test."""

from collections.abc import Callable, Iterator, Sequence

from currents_async import Currents
from currents_async.analysis import ComparedTest, RunDiff
from currents_async.analysis.diff import CATEGORIES
from currents_async.cli import _exit
from currents_async.cli._execute import note
from currents_async.cli._options import Output
from currents_async.cli._output.sheet import Sheet
from currents_async.models._model import Model
from currents_async.models.common import Outcome

_SHOWN = ("change", "spec", "title", "before", "after", "error")

_FINDINGS: dict[str, Callable[[RunDiff], bool]] = {
    "new": lambda diff: bool(diff.new_failures),
    "failing": lambda diff: bool(diff.new_failures or diff.still_failing),
    "flaky": lambda diff: bool(diff.newly_flaky),
    "inconclusive": lambda diff: not diff.is_conclusive,
}


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
    """In the later run, or in the earlier one where it is no more."""


async def compare(
    currents: Currents,
    *,
    first: str,
    second: str | None,
    fail_on: Sequence[str],
    output: Output,
) -> int:
    """Print what changed, and a summary on stderr."""
    sheet = Sheet(Change, _SHOWN, output)
    if second is None:
        before = await currents.runs.previous(first)
        if before is None:
            note(f"there is no run before {first} to compare it with")
            return _exit.NOT_FOUND
        first, second = before.run_id, first
    diff = await currents.runs.diff(first, second)
    sheet.fill_with(_changes(diff))
    _summarise(diff)
    found = any(_FINDINGS[finding](diff) for finding in fail_on)
    return _exit.FINDINGS if found else _exit.OK


def _changes(diff: RunDiff) -> Iterator[Change]:
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


def _summarise(diff: RunDiff) -> None:
    counts = ", ".join(
        f"{count} {category.replace('_', ' ')}" for category, count in diff.counts.items() if count
    )
    note(f"{diff.before_run_id} -> {diff.after_run_id}: {counts or 'no tests'}")
    if not diff.is_conclusive:
        note("not everything could be compared: runs or spec files did not run to their end")
