import re
from collections.abc import Sequence
from itertools import product
from typing import Literal, NamedTuple

import pytest
from msgspec.structs import replace

from currents_async._text import one_line
from currents_async.analysis import ComparedTest, RunDetails, RunDiff, diff_runs
from currents_async.errors import InvalidArgumentError
from currents_async.models import (
    Commit,
    CompletionState,
    GroupInstances,
    InstanceTest,
    Outcome,
    Run,
    RunGroup,
    RunMeta,
    RunSpec,
)
from currents_async.reports import diff_html, diff_markdown
from currents_async.testing import World
from tests.analysis.made import FAILED, PASSED, SKIPPED, a_run, a_test, an_instance
from tests.reports.dom import by_id, markup_of, read, rows, text
from tests.reports.made import HOSTILE, details_of, hostile_details, odd_details
from tests.reports.rendered import Rendered

HEADINGS = {
    "new_failures": "New failures",
    "still_failing": "Still failing",
    "unverified": "Not verified",
    "resolved": "Fixed",
    "newly_flaky": "Newly flaky",
    "no_longer_flaky": "No longer flaky",
    "new_tests": "New tests",
    "gone": "Gone",
}


class Compared(NamedTuple):
    """A diff and its runs, with the reports on it."""

    diff: RunDiff
    before: Run
    after: Run

    @property
    def html(self) -> str:
        return diff_html(self.diff, before=self.before, after=self.after)

    @property
    def page(self) -> "Page":
        return Page(self.html)

    def markdown(self, max_chars: int = 65_536) -> str:
        text = diff_markdown(self.diff, before=self.before, after=self.after, max_chars=max_chars)
        rendered = Rendered(text)
        assert len(text) <= max_chars
        assert not rendered.foreign_html
        assert all(one.startswith("https://app.currents.dev/") for one in rendered.links)
        return text


class Page:
    """What a reader sees of a page."""

    def __init__(self, html: str) -> None:
        self.root = read(html)
        assert not {"script", "style", "link", "img"} & markup_of(self.root)
        self.quoted = [text(one) for one in self.root.iter("bdi")]
        self.texts = {*self.quoted, *(one.strip() for one in self.root.itertext())}
        self.links = {one.get("href") for one in self.root.iter("a")}

    def rows(self, category: str) -> list[list[str]]:
        table = by_id(self.root, category).find("table")
        assert table is not None
        return [*rows(table)]


def compare(before: RunDetails, after: RunDetails) -> Compared:
    return Compared(diff_runs(before.results(), after.results()), before.run, after.run)


def details(
    run_id: str,
    *tests: InstanceTest,
    state: CompletionState = CompletionState.COMPLETE,
    exception: str | None = None,
    more: Sequence[RunSpec] = (),
) -> RunDetails:
    """Return a run of a spec file, and of more that have no instance."""
    instance = an_instance("a.ts", *tests, run_id=run_id, exception=exception)
    return RunDetails.of(a_run(instance, run_id=run_id, state=state, more=more), [instance])


class TestVerdict:
    """The first sentence, in both forms."""

    @staticmethod
    def check(pair: Compared, words: str) -> None:
        assert text(pair.page.root.find(".//h1")) == words
        assert pair.markdown().startswith(f"## {words}\n")

    def test_conclusive(self) -> None:
        ended = {"1": (PASSED, FAILED), "2": (SKIPPED, FAILED), "3": (FAILED, PASSED)}
        ended |= {"4": (FAILED, FAILED), "5": (FAILED, SKIPPED)}
        before, after = (
            details(run_id, *(a_test(title, states[side]) for title, states in ended.items()))
            for side, run_id in enumerate("ba")
        )
        self.check(
            compare(before, after),
            "✗ 2 new failures, 1 still failing, 1 not verified, 1 fixed, nothing unknown: "
            "conclusive",
        )

    def test_nothing_new(self) -> None:
        pair = compare(details("b", a_test("1")), details("a", a_test("1")))
        self.check(pair, "✓ No new failures, nothing unknown: conclusive")

    @pytest.mark.parametrize(
        ("state", "doubt"),
        [
            (CompletionState.IN_PROGRESS, "is in progress"),
            (CompletionState.CANCELED, "was cancelled"),
            (CompletionState.TIMEOUT, "timed out"),
        ],
    )
    def test_of_a_run_that_is_not_complete(self, state: CompletionState, doubt: str) -> None:
        pair = compare(details("b", a_test("1")), details("a", a_test("1"), state=state))
        words = f"No new failures, nothing unknown: not conclusive, as the later run {doubt}"
        self.check(pair, f"– {words}")  # noqa: RUF001 - a dash

    def test_of_files_and_tests_that_cannot_be_compared(self) -> None:
        twice = a_test("2"), a_test("2")
        before = details("b", a_test("1"), *twice)
        self.check(
            compare(before, details("a", *twice, exception="it broke")),
            "✗ 1 new failure, 1 ambiguous, 1 unknown: not conclusive, as 1 spec file lacks results "
            "and some tests cannot be distinguished",
        )

    def test_of_a_run_that_lists_too_few_files(self) -> None:
        few = details("a", a_test("1"))
        counted = RunGroup(group_id="chromium", instances=GroupInstances(overall=2))
        few = replace(few, run=replace(few.run, groups=(counted,)))
        words = "No new failures, nothing unknown: not conclusive, as not all spec files are listed"
        self.check(compare(details("b", a_test("1")), few), f"– {words}")  # noqa: RUF001 - a dash


@pytest.mark.parametrize("framework", ["playwright", "cypress"])
def test_two_runs_of_a_world(framework: Literal["playwright", "cypress"]) -> None:
    project, has_owners = World(seed=1).project(), framework == "playwright"
    owners = [("owner", "Web team")] if has_owners else []
    before, after = (
        details_of(
            project.run(
                specs=specs, failures=0.2, flaky=0.2, framework=framework, annotations=owners
            )
        )
        for specs in (20, 24)
    )
    pair = compare(before, after)
    page, written = pair.page, pair.markdown(1_000_000)
    for name, heading in HEADINGS.items():
        changes: Sequence[ComparedTest] = getattr(pair.diff, name)
        assert changes
        assert f"{heading} ({len(changes)})" in page.texts
        assert f"### {heading} ({len(changes)})\n" in written
        for one in changes:
            assert {one_line(one.test.full_title), one_line(one.test.spec)} <= page.texts
            tests = [test for test in (one.before, one.after) if test is not None]
            assert {test.url for test in tests} <= page.links
            assert all(f"({test.url})" in written for test in tests)
    assert ("Web team" in page.texts) == ("owned by `Web team`" in written) == has_owners
    assert {before.run.url, after.run.url} <= page.links
    assert {before.run.branch, after.run.branch} <= page.texts


def test_errors_are_those_of_the_run_that_failed() -> None:
    before = details("b", a_test("1", FAILED, failures=["was"]), a_test("2"))
    after = details("a", a_test("1"), a_test("2", FAILED, failures=["is"]))
    page = compare(before, after).page
    results = [row[-1] for one in ("new_failures", "resolved") for row in page.rows(one)]
    assert results == ["✓\u00a0passed → ✗\u00a0failedis", "✗\u00a0failed → ✓\u00a0passedwas"]
    assert {"Before → after, error", "Before → after, error before"} <= page.texts


def test_slower_tests_have_their_durations() -> None:
    def timed(run_id: str, last: int) -> RunDetails:
        tests = [replace(a_test(f"{number}"), duration_ms=1_000) for number in range(9)]
        return details(run_id, *tests, replace(a_test("slow"), duration_ms=last))

    pair = compare(timed("b", 2_000), timed("a", 4_000))
    assert [row[1] for row in pair.page.rows("slower")] == ["2.0 s → 4.0 s (2.0 times)"]
    written = pair.markdown()
    assert written.startswith("## ✓ No new failures, 1 slower, nothing unknown: conclusive")
    assert ") → 4.0 s (2.0 times) |" in written


def test_why_tests_are_unknown() -> None:
    before = details("b", a_test("1"), more=[RunSpec(spec="b.ts", group_id="chromium")])
    threw = compare(before, details("a", exception="it broke\nhere"))
    reasons = {one: [row[-1] for row in threw.page.rows(one)] for one in ("unknown", "incomplete")}
    assert reasons["unknown"] == ["✓\u00a0passed → unknownit broke"]
    assert reasons["incomplete"] == [
        "earlier runno machine has claimed it",
        "later runit broke",
    ]
    cut = compare(before, RunDetails(run=Run(run_id="a")))
    assert "the run does not list all its spec files" in cut.page.texts


def test_ambiguous_tests_are_counted() -> None:
    pair = compare(details("b", a_test("1"), a_test("1")), details("a", a_test("1")))
    assert [row[1] for row in pair.page.rows("ambiguous")] == ["2 tests → 1 test"]
    assert ") → 1 test |" in pair.markdown()


def test_groups_and_spec_files_are_named() -> None:
    pair = compare(details("b", a_test("1")), details("a", a_test("1", FAILED)))
    [row] = pair.page.rows("new_failures")
    assert row == ["Cart > 1a.ts · group chromium", "✓\u00a0passed → ✗\u00a0failedoh!"]
    written = pair.markdown()
    assert ") · `a.ts` · group `chromium` | [✓\u00a0passed](" in written
    assert ") → ✗\u00a0failed: `oh!` |" in written


def test_odd_runs() -> None:
    for before, after in product(odd_details(), repeat=2):
        pair = compare(before, after)
        assert pair.page.root.find(".//h1") is not None
        assert pair.markdown(2_000)


def test_hostile_texts_show_as_text() -> None:
    hostile = hostile_details()
    harmless = details("b", a_test("1"))
    for pair in (compare(harmless, hostile), compare(hostile, harmless)):
        assert {one_line(f"Cart > {one}") for one in HOSTILE} <= pair.page.texts
        assert f"`{HOSTILE[0]}`" in pair.markdown()


def test_what_a_run_says_of_itself_shows_as_text() -> None:
    def hostile(run_id: str, said: str) -> RunDetails:
        commit = Commit(branch=said, author_name=said, message=said, sha=said)
        run = details(run_id, a_test("1"))
        return replace(run, run=replace(run.run, meta=RunMeta(commit=commit)))

    for said in HOSTILE:
        pair = compare(hostile("b", said), hostile("a", said))
        assert one_line(said) in pair.page.texts
        assert pair.markdown()


def test_of_many_tests_the_first_are_shown_and_the_others_counted() -> None:
    def run(run_id: str, state: Outcome) -> RunDetails:
        message = "expect(locator).toHaveText(expected) failed: " + "'a < b' & " * 30
        failures = [message] if state is FAILED else []
        instances = [
            an_instance(
                f"tests/checkout/payment/{spec}.spec.ts",
                *(a_test(f"pays by card {test}", state, failures=failures) for test in range(10)),
                run_id=run_id,
            )
            for spec in range(500)
        ]
        return RunDetails.of(a_run(*instances, run_id=run_id), instances)

    pair = compare(run("b", PASSED), run("a", FAILED))
    html, markdown = pair.html, pair.markdown()
    assert 300_000 < len(html.encode()) < 1_500_000
    for shown in (html, markdown):
        [rest] = re.findall(r"… and ([\d,]+) (?:tests )?more\.", shown)
        assert shown.count("Cart &gt; pays") + shown.count("`Cart > pays") > 50
        assert shown.count("pays by card") + int(rest.replace(",", "")) == 5_000


def test_arguments_are_checked() -> None:
    diff, before, after = compare(details("b"), details("a"))
    with pytest.raises(InvalidArgumentError, match="before must be the run b of the diff, not a"):
        diff_html(diff, before=after, after=after)
    with pytest.raises(InvalidArgumentError, match="after must be the run a of the diff, not b"):
        diff_markdown(diff, before=before, after=before)
    with pytest.raises(InvalidArgumentError, match="max_chars must be an integer of at least 2000"):
        diff_markdown(diff, before=before, after=after, max_chars=100)
