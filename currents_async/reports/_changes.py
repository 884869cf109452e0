"""What a report says of two runs, whatever it is written in: a verdict, and the tests that changed.

The words are those that others use too: new failures and fixed tests are in the builds of Azure
DevOps (https://learn.microsoft.com/en-us/azure/devops/pipelines/test/review-continuous-test-results-after-build).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from currents_async._text import counted, duration
from currents_async.analysis.diff import AmbiguousTests, ComparedTest, RunDiff
from currents_async.analysis.executed import ExecutedTest, executed_file
from currents_async.analysis.run_results import FileResults
from currents_async.errors import InvalidArgumentError
from currents_async.models.runs import CompletionState, Run
from currents_async.reports._verdict import FAILED, PASSED, SKIPPED, Verdict, state_in_words

_MISSING = "missing"
_UNKNOWN = "unknown"
_UNCLAIMED = "no machine has claimed it"
_LACKING = "its results are not complete"
_UNLISTED = "the run does not list all its spec files"
_ENDS = {CompletionState.CANCELED: "was cancelled", CompletionState.TIMEOUT: "timed out"}


class Change(NamedTuple):
    """What became of a test. Its title, spec and error are texts of others."""

    test: ExecutedTest
    """As it was in the later run, or else in the earlier one."""
    before: str
    before_url: str | None
    after: str
    note: str = ""
    """The first line of an error, or why this is not known; a text of others too."""


class Changes(NamedTuple):
    """The tests of a category."""

    id: str
    heading: str
    about: str
    """What they have in common, in a sentence."""
    note: str
    """What `Change.note` is; empty if there is none."""
    items: Sequence[Change]


class _Category(NamedTuple):
    name: str
    heading: str
    about: str
    note: str = ""


_ERROR, _ERROR_BEFORE = "Error", "Error before"
_CATEGORIES = (
    _Category(
        "new_failures", "New failures", "Failed in the later run, and not in the earlier.", _ERROR
    ),
    _Category("still_failing", "Still failing", "Failed in both runs.", _ERROR),
    _Category(
        "unverified",
        "Not verified",
        "Failed in the earlier run, and were skipped or not run in the later.",
        _ERROR_BEFORE,
    ),
    _Category(
        "resolved",
        "Fixed",
        "Failed in the earlier run, and passed in the later.",
        _ERROR_BEFORE,
    ),
    _Category(
        "newly_flaky",
        "Newly flaky",
        "Passed only after a failed attempt, and were not flaky in the earlier run.",
        _ERROR,
    ),
    _Category(
        "no_longer_flaky",
        "No longer flaky",
        "Were flaky in the earlier run, and passed at once in the later.",
        _ERROR_BEFORE,
    ),
    _Category(
        "slower",
        "Slower by more than noise",
        "Passed at once in both runs, and took longer in the later, by more than durations differ "
        "by chance. Those that lost the most time come first.",
    ),
    _Category("new_tests", "New tests", "Did not exist in the earlier run."),
    _Category("gone", "Gone", "Existed in the earlier run, and not in the later."),
    _Category("unknown", "Unknown", "Are in one run, and may be in the other.", "Reason"),
)


def check_runs(diff: RunDiff, before: Run, after: Run) -> None:
    """Raise `InvalidArgumentError` unless these are the runs that were compared."""
    pairs = {"before": (before, diff.before_run_id), "after": (after, diff.after_run_id)}
    for name, (run, run_id) in pairs.items():
        if run.run_id != run_id:
            raise InvalidArgumentError(
                f"{name} must be the run {run_id} of the diff, not {run.run_id}"
            )


def verdict_on(diff: RunDiff, before: Run, after: Run) -> Verdict:
    """Return what has changed in a sentence, and whether that is all."""
    new = len(diff.new_failures)
    numbers = {
        "still failing": diff.still_failing,
        "not verified": diff.unverified,
        "fixed": diff.resolved,
        "newly flaky": diff.newly_flaky,
        "slower": diff.slower,
        "ambiguous": diff.ambiguous,
    }
    counts = [f"{len(found):,} {name}" for name, found in numbers.items() if found]
    unknown = f"{len(diff.unknown) or 'nothing'} unknown"
    said = ", ".join([counted(new, "new failure") if new else "No new failures", *counts, unknown])
    if diff.is_conclusive:
        return Verdict(FAILED if new else PASSED, f"{said}: conclusive")
    doubts = " and ".join(_doubts(diff, before, after)) or "not all spec files are listed"
    return Verdict(FAILED if new else SKIPPED, f"{said}: not conclusive, as {doubts}")


def _doubts(diff: RunDiff, before: Run, after: Run) -> Iterator[str]:
    for name, run in (("earlier", before), ("later", after)):
        if not run.is_complete:
            yield f"the {name} run {_ENDS.get(run.completion_state, 'is in progress')}"
    if diff.incomplete:
        lacking = counted(len(diff.incomplete), "spec file lacks", "spec files lack")
        yield f"{lacking} results"
    if diff.ambiguous:
        yield "some tests cannot be distinguished"


def changes_of(diff: RunDiff) -> Iterator[Changes]:
    """Yield the categories that have tests, those to look at first before the others."""
    return (changes for changes in _changes_of(diff) if changes.items)


def _changes_of(diff: RunDiff) -> Iterator[Changes]:
    doubts = {(one.run_id, one.spec): _doubt(one) for one in diff.incomplete}
    for category in _CATEGORIES:
        compared: Sequence[ComparedTest] = getattr(diff, category.name)
        items = [_change(one, category, diff, doubts) for one in compared]
        yield Changes(category.name, category.heading, category.about, category.note, items)
    about = "Cannot be distinguished, as one run has several with the same title or signature."
    yield Changes("ambiguous", "Ambiguous", about, "", [*map(_ambiguous, diff.ambiguous)])
    yield Changes(
        "incomplete",
        "Spec files without all results",
        "Did not run to their end, or list fewer tests than the server counts.",
        "Reason",
        [_incomplete(one, diff) for one in diff.incomplete],
    )


def _change(
    compared: ComparedTest,
    category: _Category,
    diff: RunDiff,
    doubts: dict[tuple[str, str], str],
) -> Change:
    before, after = compared.before, compared.after
    absent = _UNKNOWN if category.name == "unknown" else _MISSING
    change = Change(
        test=compared.test,
        before=absent if before is None else _state(before),
        before_url=None if before is None else before.url,
        after=absent if after is None else _state(after),
    )
    if category.name == "slower" and before is not None and after is not None:
        return _timed(change, before.duration_ms or 0, after.duration_ms or 0)
    if category.name == "unknown":
        run_id = diff.before_run_id if before is None else diff.after_run_id
        return change._replace(note=doubts.get((run_id, compared.test.spec), _UNLISTED))
    shown = before if category.note == _ERROR_BEFORE else after
    return change._replace(note=shown.error if shown is not None and category.note else "")


def _state(test: ExecutedTest) -> str:
    """Return the state with its sign, which stand in one line."""
    return state_in_words(test.state, is_flaky=test.is_flaky).replace(" ", "\u00a0", 1)


def _timed(change: Change, before: int, after: int) -> Change:
    times = f" ({after / before:.1f} times)" if before else ""
    return change._replace(before=duration(before), after=f"{duration(after)}{times}")


def _ambiguous(tests: AmbiguousTests) -> Change:
    first = next(iter((*tests.after, *tests.before)), ExecutedTest())
    return Change(
        test=first,
        before=counted(len(tests.before), "test"),
        before_url=tests.before[0].url if tests.before else None,
        after=counted(len(tests.after), "test"),
    )


def _incomplete(file: FileResults, diff: RunDiff) -> Change:
    run = "earlier" if file.run_id == diff.before_run_id else "later"
    return Change(
        test=_file(file),
        before=f"{run} run",
        before_url=None,
        after="",
        note=_doubt(file),
    )


def _doubt(file: FileResults) -> str:
    """Return why not all results of a spec file are known."""
    return _file(file).error or (_LACKING if file.instance_id else _UNCLAIMED)


def _file(file: FileResults) -> ExecutedTest:
    return executed_file(file, run_id=file.run_id, failure=file.failure)
