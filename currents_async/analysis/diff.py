"""How the tests of one run differ from those of another."""

from collections.abc import Iterable, Iterator
from typing import Literal, get_args

from currents_async.analysis._matching import Candidates, Pairs, Side, match_tests
from currents_async.analysis._slower import slower_tests
from currents_async.analysis.executed import ExecutedTest
from currents_async.analysis.run_results import FileResults, RunResults
from currents_async.arrow._tables import Tabular
from currents_async.models._model import Model


class ComparedTest(Model, frozen=True, gc=False, kw_only=True):
    """A test as it was in each of two runs; None where it did not exist, or is unknown."""

    before: ExecutedTest | None = None
    after: ExecutedTest | None = None

    @property
    def test(self) -> ExecutedTest:
        """The test in the later run, or else in the earlier one."""
        return next(test for test in (self.after, self.before) if test is not None)

    def _label(self) -> str:
        return f"{_state(self.before)} to {_state(self.after)} {self.test.full_title}"


def _state(test: ExecutedTest | None) -> str:
    if test is None:
        return "missing"
    return "flaky" if test.is_flaky else str(test.state)


class AmbiguousTests(Model, frozen=True, gc=False, kw_only=True):
    """Tests that may be the same one, of which one run has several."""

    before: tuple[ExecutedTest, ...] = ()
    after: tuple[ExecutedTest, ...] = ()


class _Row(Model, frozen=True, gc=False, kw_only=True):
    """A test in one of the categories."""

    category: str
    spec: str
    title: tuple[str, ...]
    group_id: str | None
    before: ExecutedTest | None
    after: ExecutedTest | None


class RunDiff(Tabular, frozen=True, gc=False, kw_only=True):
    """How the tests of one run differ from those of another.

    A test is in at most one category, except that `newly_flaky` and `no_longer_flaky` are in
    addition to the others, and new tests that fail are in `new_failures` too. Each category but
    `slower` is in the order of the later run, with tests that only the earlier run has at the end.
    Spec files that threw in either run are listed like tests: see `ExecutedTest.is_file`.

    As a table of Arrow it has a row for each category and test, with the test as it was `before`
    and `after`; of what is `ambiguous`, each test has a row.
    """

    before_run_id: str
    after_run_id: str
    new_failures: tuple[ComparedTest, ...] = ()
    """Failed in the later run alone: in the earlier one they passed, were skipped or missing."""
    still_failing: tuple[ComparedTest, ...] = ()
    """Failed in both runs."""
    resolved: tuple[ComparedTest, ...] = ()
    """Failed in the earlier run, and passed in the later one."""
    unverified: tuple[ComparedTest, ...] = ()
    """Failed in the earlier run, and were skipped, interrupted or never run in the later one."""
    new_tests: tuple[ComparedTest, ...] = ()
    """Did not exist before: their spec file did not, or ran to its end without them."""
    gone: tuple[ComparedTest, ...] = ()
    """Existed before and no longer do, in the same sense, whatever their result was."""
    newly_flaky: tuple[ComparedTest, ...] = ()
    """Flaky in the later run, and not flaky in the earlier one, or missing there."""
    no_longer_flaky: tuple[ComparedTest, ...] = ()
    """Flaky in the earlier run, and passed in the later one without being flaky."""
    slower: tuple[ComparedTest, ...] = ()
    """Passed in both runs without a retry, and was slower by more than noise in the later one.

    Those that lost the most time come first. They are at least 1.5 times and 500 ms slower, beside
    what the whole run, or the machine, is slower by. As each run timed each test once, noise is
    estimated from all tests: it reaches 4 to 6 standard deviations (of the median absolute
    deviation of the logarithms of the ratios), depending on how far the tests that are faster do.
    Of 1,000 tests that have not changed, about 1 is listed.
    """
    unknown: tuple[ComparedTest, ...] = ()
    """In one run, while it is unknown whether the other has them: see `incomplete`."""
    ambiguous: tuple[AmbiguousTests, ...] = ()
    """Tests that cannot be distinguished."""
    others: int = 0
    """How many tests are in none of these categories: most passed in both runs."""
    incomplete: tuple[FileResults, ...] = ()
    """The spec files that did not run to their end: those of the earlier run come first."""
    is_conclusive: bool = False
    """Whether both runs are complete, and nothing is incomplete, hence unknown, or ambiguous."""

    @property
    def has_new_failures(self) -> bool:
        """Whether a test failed in the later run alone; see `is_conclusive` too."""
        return bool(self.new_failures)

    @property
    def counts(self) -> dict[str, int]:
        """The number of tests in each category, and of the others, by name."""
        sizes = {name: len(getattr(self, name)) for name in (*CATEGORIES, "ambiguous")}
        return {**sizes, "others": self.others}

    def _rows(self) -> tuple[type[Model], Iterable[Model]]:
        listed: list[tuple[str, ComparedTest]]
        listed = [(name, one) for name in CATEGORIES for one in getattr(self, name)]
        for one in self.ambiguous:
            listed += [("ambiguous", ComparedTest(before=test)) for test in one.before]
            listed += [("ambiguous", ComparedTest(after=test)) for test in one.after]
        return _Row, [_row(category, compared) for category, compared in listed]

    def _label(self) -> str:
        found = ", ".join(f"{count} {name}" for name, count in self.counts.items() if count)
        return f"{self.before_run_id} to {self.after_run_id}: {found}"


def _row(category: str, compared: ComparedTest) -> _Row:
    return _Row(
        category=category,
        spec=compared.test.spec,
        title=compared.test.title,
        group_id=compared.test.group_id,
        before=compared.before,
        after=compared.after,
    )


_Category = Literal[
    "new_failures",
    "still_failing",
    "resolved",
    "unverified",
    "new_tests",
    "gone",
    "newly_flaky",
    "no_longer_flaky",
    "slower",
    "unknown",
]
CATEGORIES: tuple[_Category, ...] = get_args(_Category)


def diff_runs(before: RunResults, after: RunResults) -> RunDiff:
    """Compare two runs, test by test.

    Tests are compared within a group; groups that Cypress names after the CI build ID are the same
    in both runs. Two tests are the same if they have the same signature or, if that of one is not
    known, the same spec and title. Tests with several counterparts, by either rule, are
    `ambiguous`.

    A test that only one run has is in `new_tests` or `gone` if it did not exist in the other: if
    its spec file ran to its end there, or is not part of that run, which is complete. Otherwise it
    is in `unknown`.
    """
    side_before, side_after = Side(before), Side(after)
    matched = match_tests(side_before, side_after)
    quiet = matched.quiet
    found = _sort(matched.candidates, side_before, side_after, quiet)
    machines = {file.instance_id: file.machine_id for run in (before, after) for file in run.files}
    slower = slower_tests(quiet, machines)
    found["slower"] = [ComparedTest(before=was, after=now) for was, now in slower]
    ambiguous = tuple(
        AmbiguousTests(before=tuple(one.before), after=tuple(one.after))
        for one in matched.candidates
        if _is_ambiguous(one)
    )
    incomplete = tuple(
        file for run in (before, after) for file in run.files if not file.is_complete
    )
    are_complete = before.is_complete and after.is_complete
    return RunDiff(
        before_run_id=before.run_id,
        after_run_id=after.run_id,
        ambiguous=ambiguous,
        others=len(quiet.after) - len(slower),
        incomplete=incomplete,
        is_conclusive=are_complete and not (incomplete or ambiguous),
        **{category: tuple(compared) for category, compared in found.items()},
    )


def _is_ambiguous(candidates: Candidates) -> bool:
    return len(candidates.before) > 1 or len(candidates.after) > 1


def _sort(
    candidates: Iterable[Candidates], before: Side, after: Side, quiet: Pairs
) -> dict[str, list[ComparedTest]]:
    """Sort tests into categories, and those of both runs that are in none into `quiet`."""
    found: dict[str, list[ComparedTest]] = {category: [] for category in CATEGORIES}
    for one in candidates:
        if _is_ambiguous(one):
            continue
        compared = ComparedTest(
            before=one.before[0] if one.before else None,
            after=one.after[0] if one.after else None,
        )
        categories = _categories(compared, before, after)
        if not categories and compared.before is not None and compared.after is not None:
            quiet.before.append(compared.before)
            quiet.after.append(compared.after)
        for category in categories:
            found[category].append(compared)
    return found


def _categories(compared: ComparedTest, before: Side, after: Side) -> list[_Category]:
    if compared.before is not None and compared.after is not None:
        return [*_of_both(compared.before, compared.after)]
    if compared.after is not None:
        is_new = before.knows_all_of(after.place_of(compared.after))
        return [*_of_new(compared.after)] if is_new else ["unknown"]
    return ["gone"] if after.knows_all_of(before.place_of(compared.test)) else ["unknown"]


def _of_both(before: ExecutedTest, after: ExecutedTest) -> Iterator[_Category]:
    if after.failed:
        yield "still_failing" if before.failed else "new_failures"
    elif before.failed:
        yield "resolved" if after.passed else "unverified"
    if after.is_flaky and not before.is_flaky:
        yield "newly_flaky"
    if before.is_flaky and after.passed and not after.is_flaky:
        yield "no_longer_flaky"


def _of_new(test: ExecutedTest) -> Iterator[_Category]:
    yield "new_tests"
    if test.failed:
        yield "new_failures"
    if test.is_flaky:
        yield "newly_flaky"
