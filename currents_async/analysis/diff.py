"""What became of the tests of one run in another."""

from collections.abc import Iterable, Iterator
from typing import Literal, get_args

from currents_async.analysis._matching import Candidates, match_tests
from currents_async.analysis._side import Side
from currents_async.analysis.executed import ExecutedTest
from currents_async.analysis.run_results import FileResults, RunResults
from currents_async.models._model import Model

__all__ = ["AmbiguousTests", "ComparedTest", "RunDiff", "diff_runs"]


class ComparedTest(Model, frozen=True, gc=False, kw_only=True):
    """A test as it was in either run."""

    before: ExecutedTest | None = None
    after: ExecutedTest | None = None

    @property
    def test(self) -> ExecutedTest:
        """The test as it is now, or as it was where it is no more."""
        return next(test for test in (self.after, self.before) if test is not None)


class AmbiguousTests(Model, frozen=True, gc=False, kw_only=True):
    """Tests that may be the same one, of which a run has more than one."""

    before: tuple[ExecutedTest, ...] = ()
    after: tuple[ExecutedTest, ...] = ()


class RunDiff(Model, frozen=True, gc=False, kw_only=True):
    """What became of the tests of one run in another.

    A test is in one category, or in none; but `newly_flaky` and `no_longer_flaky` come beside the
    others, and new tests that fail are in `new_failures` too. Each is in the order of the later
    run, and what only the earlier one has comes last. Spec files that threw in either run are in
    here like tests: see `ExecutedTest.is_file`.
    """

    before_run_id: str
    after_run_id: str
    new_failures: tuple[ComparedTest, ...] = ()
    """Fail now and did not before: they passed, or were skipped, or were not there."""
    still_failing: tuple[ComparedTest, ...] = ()
    """Failed, and fail now."""
    resolved: tuple[ComparedTest, ...] = ()
    """Failed, and pass now."""
    unverified: tuple[ComparedTest, ...] = ()
    """Failed, and neither pass nor fail now: skipped on purpose, interrupted, never run."""
    new_tests: tuple[ComparedTest, ...] = ()
    """Were not there before: their spec file was not, or was executed to its end without them."""
    gone: tuple[ComparedTest, ...] = ()
    """Were there before and are not now, in the same sense, however they had ended."""
    newly_flaky: tuple[ComparedTest, ...] = ()
    """Are flaky now, and were not before, or were not there."""
    no_longer_flaky: tuple[ComparedTest, ...] = ()
    """Were flaky, and pass now without being flaky."""
    unknown: tuple[ComparedTest, ...] = ()
    """Are in one run, and whether they are in the other cannot be told: see `incomplete`."""
    ambiguous: tuple[AmbiguousTests, ...] = ()
    """Cannot be told apart."""
    others: int = 0
    """How many tests are in none of these categories, most of which pass as they did before."""
    incomplete: tuple[FileResults, ...] = ()
    """The spec files that did not run to their end: those of the earlier run come first."""
    is_conclusive: bool = False
    """Whether both runs are complete, and nothing is incomplete, hence unknown, or ambiguous."""

    @property
    def has_new_failures(self) -> bool:
        """Whether something fails that did not before; mind `is_conclusive`."""
        return bool(self.new_failures)

    @property
    def counts(self) -> dict[str, int]:
        """How many there are in each category, by its name, and of the others."""
        sizes = {name: len(getattr(self, name)) for name in (*CATEGORIES, "ambiguous")}
        return {**sizes, "others": self.others}


_Category = Literal[
    "new_failures",
    "still_failing",
    "resolved",
    "unverified",
    "new_tests",
    "gone",
    "newly_flaky",
    "no_longer_flaky",
    "unknown",
]
CATEGORIES: tuple[_Category, ...] = get_args(_Category)


def diff_runs(before: RunResults, after: RunResults) -> RunDiff:
    """Compare two runs, test by test.

    Tests are compared within a group, where groups that Cypress calls by the CI build ID are the
    same in both runs. They are the same test if they have the same signature or, where that of one
    is not known, the same spec and title. What has more than one counterpart, by whichever of the
    two, is `ambiguous`.

    What only one run has is `new_tests` or `gone` if the other would have had it: if its spec file
    ran to the end there, or was no part of that run, which is complete. Else it is `unknown`.
    """
    old, new = Side(before), Side(after)
    matched = match_tests(old, new)
    found, others = _sort(matched.candidates, old, new)
    ambiguous = tuple(
        AmbiguousTests(before=tuple(was), after=tuple(now))
        for was, now in matched.candidates
        if len(was) > 1 or len(now) > 1
    )
    incomplete = tuple(
        file for run in (before, after) for file in run.files if not file.is_complete
    )
    are_complete = before.is_complete and after.is_complete
    return RunDiff(
        before_run_id=before.run_id,
        after_run_id=after.run_id,
        new_failures=tuple(found["new_failures"]),
        still_failing=tuple(found["still_failing"]),
        resolved=tuple(found["resolved"]),
        unverified=tuple(found["unverified"]),
        new_tests=tuple(found["new_tests"]),
        gone=tuple(found["gone"]),
        newly_flaky=tuple(found["newly_flaky"]),
        no_longer_flaky=tuple(found["no_longer_flaky"]),
        unknown=tuple(found["unknown"]),
        ambiguous=ambiguous,
        others=others + matched.quiet,
        incomplete=incomplete,
        is_conclusive=are_complete and not (incomplete or ambiguous),
    )


def _sort(
    candidates: Iterable[Candidates], old: Side, new: Side
) -> tuple[dict[_Category, list[ComparedTest]], int]:
    """Sort tests into categories; also return how many are in none."""
    found: dict[_Category, list[ComparedTest]] = {name: [] for name in CATEGORIES}
    others = 0
    for was, now in candidates:
        if len(was) > 1 or len(now) > 1:
            continue
        compared = ComparedTest(before=was[0] if was else None, after=now[0] if now else None)
        categories = _categories(compared, old, new)
        others += not categories
        for category in categories:
            found[category].append(compared)
    return found, others


def _categories(compared: ComparedTest, old: Side, new: Side) -> list[_Category]:
    was, now = compared.before, compared.after
    if was is not None and now is not None:
        return [*_of_both(was, now)]
    if now is not None:
        return [*_of_new(now)] if old.knows_all_of(new.place_of(now)) else ["unknown"]
    return ["gone"] if new.knows_all_of(old.place_of(compared.test)) else ["unknown"]


def _of_both(was: ExecutedTest, now: ExecutedTest) -> Iterator[_Category]:
    if now.failed:
        yield "still_failing" if was.failed else "new_failures"
    elif was.failed:
        yield "resolved" if now.passed else "unverified"
    if now.is_flaky and not was.is_flaky:
        yield "newly_flaky"
    if was.is_flaky and now.passed and not now.is_flaky:
        yield "no_longer_flaky"


def _of_new(now: ExecutedTest) -> Iterator[_Category]:
    yield "new_tests"
    if now.failed:
        yield "new_failures"
    if now.is_flaky:
        yield "newly_flaky"
