"""The diff against its definitions, followed to the letter: quadratic, and sure of itself."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from currents_async.analysis import ExecutedTest, FileResults, RunDiff, RunResults, diff_runs
from currents_async.models import Outcome

ALONE = ["still_failing", "resolved", "unverified", "new_tests", "gone", "slower", "unknown"]
"""Categories that share no test with another one of these."""
CATEGORIES = [*ALONE, "new_failures", "newly_flaky", "no_longer_flaky", "ambiguous", "others"]
BUILDS = {"before": "b-1", "after": "b-10"}
GROUPS = [("named", "chromium"), ("named", None), ("by build", ""), ("by build", "-2")]


POOLS: list[list[str | None]] = [[None], ["1", "2", "3"], [None, "1", "2"]]
STATES = st.sampled_from([*Outcome, None, Outcome.PASSED, Outcome.PASSED, Outcome.FAILED])
DURATIONS = st.sampled_from([None, 1_000, 1_000, 1_000, 60_000])
MOSTLY = st.sampled_from([True, True, True, False])
ENDS: st.SearchStrategy[bool | str] = st.sampled_from([True, True, True, False, "it broke"])


class Drawn(NamedTuple):
    """A spec file of a run; there are few names, so that most are used more than once."""

    spec: str
    group: tuple[str, str | None]
    ends: bool | str
    """Whether it is complete, or the exception that stopped it."""
    tests: list[tuple[tuple[str, ...], str | None, Outcome | None, bool, int | None]]


def drawn_files(signatures: list[str | None]) -> st.SearchStrategy[list[Drawn]]:
    tests = st.tuples(
        st.sampled_from([("t",), ("u",), ("v", "w"), ()]),
        st.sampled_from(signatures),
        STATES,
        st.booleans(),
        DURATIONS,
    )
    files = st.builds(
        Drawn,
        spec=st.sampled_from(["a.ts", "b.ts", "c.ts"]),
        group=st.sampled_from(GROUPS),
        ends=ENDS,
        tests=st.lists(tests, max_size=4)
        | st.lists(tests, min_size=1, max_size=4, unique_by=lambda told: told[0]),
    )
    return st.lists(files, max_size=5)


@st.composite
def drawn_pairs(draw: st.DrawFn) -> tuple[RunResults, RunResults]:
    """Draw a run, and a later one with most of its files: two drawn apart share too few tests."""
    signatures = draw(st.sampled_from(POOLS))
    earlier = draw(drawn_files(signatures))
    kept = [
        file._replace(
            ends=draw(ENDS),
            tests=[
                (*told[:2], draw(STATES), draw(st.booleans()), draw(DURATIONS))
                for told in file.tests
            ],
        )
        for file in earlier
        if draw(MOSTLY)
    ]
    others = draw(drawn_files(signatures)) if draw(st.booleans()) else []
    before = make_run("before", earlier, is_complete=draw(MOSTLY))
    return before, make_run("after", [*kept, *others], is_complete=draw(MOSTLY))


def make_run(side: str, files: list[Drawn], *, is_complete: bool) -> RunResults:
    return RunResults(
        run_id=side,
        ci_build_id=BUILDS[side],
        is_complete=is_complete,
        files=tuple(make_file(side, number, file) for number, file in enumerate(files)),
    )


def make_file(side: str, number: int, file: Drawn) -> FileResults:
    kind, name = file.group
    group_id = name if kind == "named" else f"{BUILDS[side]}{name}"
    instance_id = f"{side} {number}"
    return FileResults(
        spec=file.spec,
        group_id=group_id,
        instance_id=instance_id,
        run_id=side,
        is_complete=file.ends is True,
        exception=file.ends if isinstance(file.ends, str) else None,
        tests=tuple(
            ExecutedTest(
                spec=file.spec,
                group_id=group_id,
                title=title,
                signature=signature,
                test_id=f"{instance_id} {index}",
                state=state,
                is_flaky=is_flaky,
                duration_ms=duration_ms,
            )
            for index, (title, signature, state, is_flaky, duration_ms) in enumerate(file.tests)
        ),
    )


def drawn_runs(side: str) -> st.SearchStrategy[RunResults]:
    files = st.sampled_from(POOLS).flatmap(drawn_files)
    return st.builds(make_run, st.just(side), files, is_complete=st.booleans())


class Subject(NamedTuple):
    """A test, or a spec file that threw in either run."""

    side: str
    name: str
    group: tuple[str, str | None]
    spec: str
    title: tuple[str, ...] | None
    signature: str | None
    state: Outcome | None
    is_flaky: bool


def group_of(run: RunResults, group_id: str | None) -> tuple[str, str | None]:
    made = {f"{run.ci_build_id}{name}": (kind, name) for kind, name in GROUPS if kind != "named"}
    return made.get(group_id or "", ("named", group_id))


def executions(run: RunResults, group: object, spec: str) -> list[FileResults]:
    return [
        file for file in run.files if (group_of(run, file.group_id), file.spec) == (group, spec)
    ]


def knows_all(run: RunResults, group: object, spec: str) -> bool:
    files = executions(run, group, spec)
    return all(file.is_complete for file in files) if files else run.is_complete


def subjects(run: RunResults, other: RunResults) -> Iterator[Subject]:
    places = dict.fromkeys((group_of(run, file.group_id), file.spec) for file in run.files)
    for group, spec in places:
        mine, others = executions(run, group, spec), executions(other, group, spec)
        if any(file.exception for file in mine + others):
            thrown = [file for file in mine if file.exception]
            if thrown or knows_all(run, group, spec):
                [name, *_] = [file.instance_id or "" for file in thrown or mine]
                state = Outcome.FAILED if thrown else Outcome.PASSED
                yield Subject(run.run_id, name, group, spec, None, None, state, is_flaky=False)
        for test in (test for file in mine for test in file.tests):
            told = (test.title, test.signature, test.state, test.is_flaky)
            yield Subject(run.run_id, test.test_id, group, spec, *told)


def may_be_the_same(one: Subject, other: Subject) -> bool:
    if one.group != other.group:
        return False
    if one.signature is not None and other.signature is not None:
        return one.signature == other.signature
    return (one.spec, one.title) == (other.spec, other.title)


def components(everything: list[Subject]) -> Iterator[list[Subject]]:
    left = list(everything)
    while left:
        found = [left.pop(0)]
        for one in found:
            found += [other for other in left if may_be_the_same(one, other)]
            left = [other for other in left if other not in found]
        yield [one for one in everything if one in found]


def expected(before: RunResults, after: RunResults) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {name: [] for name in CATEGORIES}
    for same in components([*subjects(after, before), *subjects(before, after)]):
        was = [one for one in same if one.side == "before"]
        now = [one for one in same if one.side == "after"]
        if len(was) > 1 or len(now) > 1:
            found["ambiguous"].append(([one.name for one in was], [one.name for one in now]))
            continue
        [one, *_] = same
        if not now:
            categories = ["gone"] if knows_all(after, one.group, one.spec) else ["unknown"]
        elif not was and not knows_all(before, one.group, one.spec):
            categories = ["unknown"]
        else:
            categories = list(definitions(was[0] if was else None, now[0])) or ["others"]
        for category in categories:
            names = (was[0].name if was else None, now[0].name if now else None)
            found[category].append(names)
    return found


def definitions(was: Subject | None, now: Subject) -> Iterator[str]:
    had_failed = was is not None and was.state == "failed"
    had_been_flaky = was is not None and was.is_flaky
    if was is None:
        yield "new_tests"
    if now.state == "failed" and not had_failed:
        yield "new_failures"
    if now.state == "failed" and had_failed:
        yield "still_failing"
    if now.state == "passed" and had_failed:
        yield "resolved"
    if now.state not in {"passed", "failed"} and had_failed:
        yield "unverified"
    if now.is_flaky and not had_been_flaky:
        yield "newly_flaky"
    if now.state == "passed" and not now.is_flaky and had_been_flaky:
        yield "no_longer_flaky"


def name_of(test: ExecutedTest | None) -> str | None:
    if test is None:
        return None
    return test.instance_id if test.is_file else test.test_id


def told(diff: RunDiff) -> dict[str, list[Any]]:
    return {
        "ambiguous": [
            ([name_of(test) for test in one.before], [name_of(test) for test in one.after])
            for one in diff.ambiguous
        ],
        **{
            category: [(name_of(one.before), name_of(one.after)) for one in getattr(diff, category)]
            for category in CATEGORIES
            if category not in {"ambiguous", "others"}
        },
    }


def turned(names: list[Any]) -> list[Any]:
    return sorted(((now, was) for was, now in names), key=str)


@given(drawn_pairs())
def test_every_category_is_exact(runs: tuple[RunResults, RunResults]) -> None:
    before, after = runs
    diff = diff_runs(before, after)
    oracle = expected(before, after)
    assert diff.incomplete == tuple(
        file for run in (before, after) for file in run.files if not file.is_complete
    )
    assert diff.is_conclusive == (
        before.is_complete
        and after.is_complete
        and not diff.incomplete
        and not oracle["ambiguous"]
        and not oracle["unknown"]
    )
    found = told(diff)
    slower, others = found.pop("slower"), oracle.pop("others")
    del oracle["slower"]  # test_slower.py has its rule
    assert all(names in others for names in slower)
    assert found == oracle
    assert diff.counts == {
        **{name: len(names) for name, names in oracle.items()},
        "slower": len(slower),
        "others": len(others) - len(slower),
    }


@given(drawn_pairs())
def test_every_test_is_accounted_for_once(runs: tuple[RunResults, RunResults]) -> None:
    before, after = runs
    diff = diff_runs(before, after)
    found = told(diff)
    new = set(found["new_tests"])
    pairs = [
        *(names for category in ALONE for names in found[category]),
        *(names for names in found["new_failures"] if names not in new),
    ]
    flaky = {*found["newly_flaky"], *found["no_longer_flaky"]}
    pairs += flaky.difference(pairs)
    names = Counter(name for pair in pairs for name in pair if name is not None)
    names.update(name for sides in found["ambiguous"] for side in sides for name in side)
    everything = [*subjects(before, after), *subjects(after, before)]
    assert names.keys() <= {one.name for one in everything}
    assert set(names.values()) <= {1}
    assert names.total() + 2 * diff.others == len(everything)


@given(drawn_pairs())
def test_there_and_back(runs: tuple[RunResults, RunResults]) -> None:
    before, after = runs
    there, back = told(diff_runs(before, after)), told(diff_runs(after, before))
    for one, other in (
        ("gone", "new_tests"),
        ("new_tests", "gone"),
        ("unknown", "unknown"),
        ("ambiguous", "ambiguous"),
        ("still_failing", "still_failing"),
    ):
        assert turned(there[one]) == sorted(back[other], key=str)
    broke = [names for names in back["new_failures"] if names not in back["new_tests"]]
    assert turned(there["resolved"] + there["unverified"]) == sorted(broke, key=str)


@given(drawn_runs("before"))
def test_nothing_became_of_a_run_in_itself(run: RunResults) -> None:
    diff = diff_runs(run, run)
    assert {name for name, count in diff.counts.items() if count} <= {
        "still_failing",
        "ambiguous",
        "others",
    }
