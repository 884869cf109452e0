"""Which tests of two runs are the same test, as far as that can be determined."""

from collections.abc import Collection, Hashable, Sequence
from typing import NamedTuple

from currents_async.analysis.executed import ExecutedTest, executed_file
from currents_async.analysis.run_results import FileResults, RunResults
from currents_async.models.common import Outcome

Group = tuple[bool, str | None]
"""Whether the name of a group begins with the CI build ID, and the rest of that name."""
Place = tuple[Group, str]
"""A group, and the path of a spec file in it."""
Tests = Sequence[ExecutedTest]
PlacedTest = tuple[Place, ExecutedTest]

_FAILED = Outcome.FAILED  # looking it up for each of thousands of tests takes long


class Side:
    """The tests of a run by their places."""

    def __init__(self, results: RunResults) -> None:
        self.places: dict[Place, list[FileResults]] = {}
        """The executions of each spec file: several if its tests were split between machines."""
        self.failed_files: dict[Place, FileResults] = {}
        """The first execution of a spec file that failed as a whole, for each file that has one."""
        self._results = results
        for file in results.files:
            place = self._place(file.group_id, file.spec)
            self.places.setdefault(place, []).append(file)
            if file.failure is not None:
                self.failed_files.setdefault(place, file)

    def place_of(self, test: ExecutedTest) -> Place:
        return self._place(test.group_id, test.spec)

    def tests_at(self, place: Place) -> Sequence[ExecutedTest]:
        """Return the tests of a spec file, in the order of its executions."""
        executions = self.places.get(place, ())
        if len(executions) == 1:
            return executions[0].tests
        return [test for one in executions for test in one.tests]

    def files_at(self, place: Place) -> Sequence[ExecutedTest]:
        """Return a spec file as a test of its own; nothing if it is missing or has not ended."""
        file = self.failed_files.get(place)
        if file is None and place in self.places and self.knows_all_of(place):
            file = self.places[place][0]
        if file is None:
            return []
        return [executed_file(file, run_id=file.run_id, failure=file.failure)]

    def knows_all_of(self, place: Place) -> bool:
        """Return whether a test of a spec file that this run lacks did not exist in it."""
        if place not in self.places:
            return self._results.is_complete
        return all(one.is_complete for one in self.places[place])

    def _place(self, group_id: str | None, spec: str) -> Place:
        build = self._results.ci_build_id
        if build and group_id is not None and f"{group_id}-".startswith(f"{build}-"):
            return (True, group_id.removeprefix(build)), spec
        return (False, group_id), spec


class Pairs(NamedTuple):
    """Tests that both runs have, in two lists: thousands of tuples would take long."""

    before: list[ExecutedTest]
    after: list[ExecutedTest]


class Candidates(NamedTuple):
    """Tests of two runs that may be the same; several of one run cannot be distinguished."""

    before: list[ExecutedTest]
    after: list[ExecutedTest]


class Matched(NamedTuple):
    """The tests of two runs."""

    candidates: Collection[Candidates]
    """In the order of the later run; those of the earlier run alone come last."""
    quiet: Pairs
    """Those that are not among them: certainly the same, neither failed nor flaky in either run."""


class UnionFind:
    """Sets of items, a union-find with path halving; at first each item is a set of its own."""

    def __init__(self) -> None:
        self._parents: dict[Hashable, Hashable] = {}

    def union(self, one: Hashable, other: Hashable) -> None:
        root, other_root = self.find(one), self.find(other)
        if root != other_root:
            self._parents[root] = other_root

    def find(self, item: Hashable) -> Hashable:
        """Return the item that represents the set of this one."""
        while (parent := self._parents.get(item)) is not None:
            # Path halving: without it, long chains would take ever longer.
            self._parents[item] = self._parents.get(parent, parent)
            item = parent
        return item


def match_tests(before: Side, after: Side) -> Matched:
    """Group the tests that may be the same.

    Two tests of a group may be the same, in one run or in two, if they have the same signature or,
    if that of one is not known, the same spec and title; and if both may be the same as a third.
    """
    tests_before = {place: before.tests_at(place) for place in before.places}
    tests_after = {place: after.tests_at(place) for place in after.places}
    quiet = Pairs([], [])
    for place, tests in tests_after.items():
        tests_before[place], tests_after[place] = _without_quiet_pairs(
            tests_before.get(place, ()), tests, quiet
        )
    for place in {**before.failed_files, **after.failed_files}:
        tests_before[place] = [*before.files_at(place), *tests_before.get(place, ())]
        tests_after[place] = [*after.files_at(place), *tests_after.get(place, ())]
    return Matched(_match(_with_places(tests_before), _with_places(tests_after)), quiet)


def _without_quiet_pairs(before: Tests, after: Tests, quiet: Pairs) -> tuple[Tests, Tests]:
    """Move pairs that neither failed nor were flaky, the most: the rest takes longer to match.

    Nothing is moved from files where tests have signatures, or titles that are not unique.
    """
    titles_before, titles_after = _by_title(before), _by_title(after)
    if len(titles_before) < len(before) or len(titles_after) < len(after):
        return before, after
    rest: list[ExecutedTest] = []
    for title, test in titles_after.items():
        was = titles_before.get(title)
        if was is None or _is_loud(was) or _is_loud(test):
            rest.append(test)
        else:
            del titles_before[title]
            quiet.before.append(was)
            quiet.after.append(test)
    return [*titles_before.values()], rest


def _by_title(tests: Tests) -> dict[tuple[str, ...], ExecutedTest]:
    return {test.title: test for test in tests if test.signature is None}


def _is_loud(test: ExecutedTest) -> bool:
    return test.is_flaky or test.state == _FAILED


def _with_places(tests: dict[Place, Tests]) -> list[PlacedTest]:
    return [(place, test) for place, tests_there in tests.items() for test in tests_there]


def _match(before: list[PlacedTest], after: list[PlacedTest]) -> Collection[Candidates]:
    same = _unite([*after, *before])
    found: dict[Hashable, Candidates] = {}
    for placed, side in ((after, 1), (before, 0)):
        for place, test in placed:
            key = same.find(_identity(place, test))
            if key not in found:
                found[key] = Candidates([], [])
            found[key][side].append(test)
    return found.values()


def _unite(placed: list[PlacedTest]) -> UnionFind:
    """Unite signatures with the titles of tests without a signature that may be the same."""
    same = UnionFind()
    signed = [one for one in placed if one[1].signature is not None]
    if len(signed) in {0, len(placed)}:
        return same
    titles = {_title(place, test) for place, test in placed if test.signature is None}
    for place, test in signed:
        title = _title(place, test)
        if title in titles:
            same.union(_identity(place, test), title)
    return same


def _identity(place: Place, test: ExecutedTest) -> Hashable:
    """Return the signature in its group, or else the title."""
    return _title(place, test) if test.signature is None else (place[0], test.signature)


def _title(place: Place, test: ExecutedTest) -> Hashable:
    return (place, None if test.is_file else test.title)
