"""`runs diff`: two runs, test by test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from currents_async._text import duration
from currents_async.analysis import ComparedTest, RunDetails, RunDiff, diff_runs
from currents_async.analysis.diff import CATEGORIES
from currents_async.cli import _exit
from currents_async.cli._options import CONNECTION, Connection, Several
from currents_async.cli._output import LOOK, Format, Look, Output, Printer
from currents_async.cli._output.columns import Column
from currents_async.cli._progress import progress_bar
from currents_async.cli._streams import note, write_text
from currents_async.errors import InvalidArgumentError
from currents_async.models._model import Model
from currents_async.models.common import Outcome
from currents_async.reports import diff_html, diff_markdown

if TYPE_CHECKING:
    from currents_async import Currents
    from currents_async.models import Run

Finding = Literal["new", "failing", "flaky", "inconclusive"]
_FINDINGS: dict[Finding, Callable[[RunDiff], bool]] = {
    "new": lambda diff: bool(diff.new_failures),
    "failing": lambda diff: bool(diff.new_failures or diff.still_failing),
    "flaky": lambda diff: bool(diff.newly_flaky),
    "inconclusive": lambda diff: not diff.is_conclusive,
}
"""Whether a diff has what `--fail-on` names."""
_WORDS = {"new_failures": "new failure", "new_tests": "new test"}
"""What one test is, of those that a diff has many of."""
Document = Literal["html", "markdown"]
_DOCUMENTS = {"html": diff_html, "markdown": diff_markdown}


class Change(Model, frozen=True, gc=False, kw_only=True):
    """What became of a test."""

    change: str
    """The category of `RunDiff`; a test may be in two."""
    spec: str
    title: str
    group_id: str | None = None
    before: Outcome | None = None
    after: Outcome | None = None
    before_ms: int | None = None
    """Milliseconds of all attempts in the earlier run."""
    after_ms: int | None = None
    """The same in the later run."""
    error: str = ""
    """The first line of its error in the later run."""
    instance_id: str | None = None
    """In the later run, or in the earlier one if the test is gone."""


def _detail(change: Change) -> str:
    """Return the error, or how long the test took if that is what has changed."""
    if change.change != "slower":
        return change.error
    return f"{duration(change.before_ms)} -> {duration(change.after_ms)}"


def _before(change: Change) -> str | None:
    return "flaky" if change.change == "no_longer_flaky" else change.before


def _after(change: Change) -> str | None:
    return "flaky" if change.change == "newly_flaky" else change.after


_COLUMNS = (
    Column[Change]("change", lambda one: _WORDS.get(one.change) or one.change.replace("_", " ")),
    Column[Change]("test", lambda one: one.title),
    Column("before", _before, "verdict", rank=3),
    Column("after", _after, "verdict", rank=2),
    Column[Change]("error", _detail, rank=1),
    Column[Change]("spec", lambda one: one.spec, "path", rank=4),
)


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class DiffOutput:
    """How a diff is printed."""

    output: Annotated[Format | Document | None, Parameter(alias="-o")] = None
    """By default a table on a terminal, else NDJSON; `html` is a page, and `markdown` fits into a
    comment on GitHub."""
    look: Look = LOOK

    def printer(self) -> Callable[["Run", "Run", RunDiff], None]:
        """Return what prints a diff. Raises `InvalidArgumentError` for options it cannot keep."""
        match self.output:
            case "html" | "markdown" as form:
                if self.look.fields is not None:
                    raise InvalidArgumentError(
                        f"-o {form} shows no --fields: leave one of them out"
                    )
                document = _DOCUMENTS[form]
                return lambda before, after, found: write_text(
                    document(found, before=before, after=after)
                )
            case form:
                printer = Printer(Change, _COLUMNS, Output(output=form, look=self.look))
                return lambda _, __, found: printer.all(_changes_of(found))


DIFF_OUTPUT = DiffOutput()


async def diff(
    first: str,
    second: str | None = None,
    /,
    *,
    fail_on: Several[Finding] = (),
    connection: Connection = CONNECTION,
    output: DiffOutput = DIFF_OUTPUT,
) -> int:
    """Compare two runs test by test, and print what has changed or fails.

    currents-async runs diff BEFORE_ID AFTER_ID

    currents-async runs diff BEFORE_ID AFTER_ID --fail-on new -o markdown

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
    show = output.printer()
    async with connection.open() as currents:
        if second is None:
            previous = await currents.runs.previous(first)
            if previous is None:
                note(f"there is no run before {first} to compare it with")
                return _exit.NOT_FOUND
            first, second = previous.run_id, first
        before, after = [
            await _fetch(currents, run_id, f"instances of the {which} run")
            for run_id, which in ((first, "earlier"), (second, "later"))
        ]
    found = diff_runs(before.results(), after.results())
    show(before.run, after.run, found)
    for line in _summary_of(found):
        note(line)
    return _exit.FINDINGS if any(_FINDINGS[one](found) for one in fail_on) else _exit.OK


async def _fetch(currents: "Currents", run_id: str, what: str) -> RunDetails:
    with progress_bar(what, currents) as work:
        return await currents.reports.details(run_id, on_progress=work.report)


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
        before_ms=None if one.before is None else one.before.duration_ms,
        after_ms=None if one.after is None else one.after.duration_ms,
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
