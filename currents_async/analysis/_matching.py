"""Which tests of two runs are the same test, as far as that can be told."""

from collections.abc import Collection, Hashable, Sequence
from typing import NamedTuple

from currents_async.analysis._links import Links
from currents_async.analysis._side import Place, Side
from currents_async.analysis.executed import ExecutedTest
from currents_async.models.common import Outcome

Tests = Sequence[ExecutedTest]
Subject = tuple[Place, ExecutedTest]

_FAILED = Outcome.FAILED  # it takes long to look up, for each of thousands of tests


class Candidates(NamedTuple):
    """Tests of two runs that may be the same: more than one of a run cannot be told apart."""

    before: list[ExecutedTest]
    after: list[ExecutedTest]


class Matched(NamedTuple):
    """The tests of two runs."""

    candidates: Collection[Candidates]
    """In the order of the later run; those of the earlier one alone come last."""
    quiet: int
    """Pairs that are not among them: certainly the same, neither failed nor flaky in either run."""


def match_tests(before: Side, after: Side) -> Matched:
    """Put together what may be the same.

    Two tests of a group may be the same, be they of one run or of two, if they have the same
    signature or, where that of one is not known, the same spec and title; and if both may be the
    same as a third.
    """
    old = {place: before.tests_at(place) for place in before.places}
    new = {place: after.tests_at(place) for place in after.places}
    quiet = 0
    for place, tests in new.items():
        old[place], new[place] = _without_quiet_pairs(old.get(place, ()), tests)
        quiet += len(tests) - len(new[place])
    for place in {**before.thrown, **after.thrown}:
        old[place] = [*before.files_at(place), *old.get(place, ())]
        new[place] = [*after.files_at(place), *new.get(place, ())]
    return Matched(_match(_subjects(old), _subjects(new)), quiet)


def _without_quiet_pairs(old: Tests, new: Tests) -> tuple[Tests, Tests]:
    """Leave out what nobody wants to hear of, which is most: the rest takes longer to match.

    Nothing is left out of files where tests have signatures, or titles that are not unique.
    """
    was, now = _by_title(old), _by_title(new)
    if len(was) < len(old) or len(now) < len(new):
        return old, new
    rest: list[ExecutedTest] = []
    for title, test in now.items():
        if title in was and not (_is_loud(was[title]) or _is_loud(test)):
            del was[title]
        else:
            rest.append(test)
    return [*was.values()], rest


def _by_title(tests: Tests) -> dict[tuple[str, ...], ExecutedTest]:
    return {test.title: test for test in tests if test.signature is None}


def _is_loud(test: ExecutedTest) -> bool:
    return test.is_flaky or test.state == _FAILED


def _subjects(tests: dict[Place, Tests]) -> list[Subject]:
    return [(place, test) for place, tests_there in tests.items() for test in tests_there]


def _match(old: list[Subject], new: list[Subject]) -> Collection[Candidates]:
    links = _link([*new, *old])
    found: dict[Hashable, Candidates] = {}
    for subjects, side in ((new, 1), (old, 0)):
        for place, test in subjects:
            key = links.end(_identity(place, test))
            if key not in found:
                found[key] = Candidates([], [])
            found[key][side].append(test)
    return found.values()


def _link(subjects: list[Subject]) -> Links:
    """Link signatures and the titles by which tests without a signature may be the same."""
    links = Links()
    signed = [subject for subject in subjects if subject[1].signature is not None]
    if len(signed) in {0, len(subjects)}:
        return links
    titles = {_title(place, test) for place, test in subjects if test.signature is None}
    for place, test in signed:
        title = _title(place, test)
        if title in titles:
            links.join(_identity(place, test), title)
    return links


def _identity(place: Place, test: ExecutedTest) -> Hashable:
    """Return the signature in its group, or else the title."""
    return _title(place, test) if test.signature is None else (place[0], test.signature)


def _title(place: Place, test: ExecutedTest) -> Hashable:
    return (place, None if test.is_file else test.title)
