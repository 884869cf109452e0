import random
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import Currents
from currents_async.analysis import history_of
from currents_async.models import Commit, Outcome, ResultAttempt, TestResult
from currents_async.testing import FakeCurrents
from tests.analysis.made import FAILED, NOON, PASSED, PENDING, SKIPPED

LETTERS = {"P": PASSED, "F": FAILED, "-": PENDING, "s": SKIPPED, "f": PASSED, "?": None}


def a_result(number: int, letter: str, **fields: Any) -> TestResult:
    return TestResult(
        run_id=f"run {number}",
        instance_id=f"instance {number}",
        commit=Commit(sha=f"sha {number}"),
        created_at=NOON + timedelta(hours=number),
        status=LETTERS[letter],
        flaky=letter == "f",
        attempts=(ResultAttempt(),) * (2 if letter == "f" else 1),
        **fields,
    )


def made(letters: str) -> list[TestResult]:
    """Make results, the oldest first: passed, failed, pending, skipped, flaky, without a status."""
    return [a_result(number, letter) for number, letter in enumerate(letters)]


def test_newest_first() -> None:
    results = made("PFPF")
    undated = TestResult(run_id="once")
    history = history_of([undated, results[2], results[0], results[3], results[1]])
    assert [one.run_id for one in history.results] == ["run 3", "run 2", "run 1", "run 0", "once"]


def test_duplicates_count_once() -> None:
    results = made("PF")
    again = [msgspec.structs.replace(one, cursor=f"elsewhere {one.run_id}") for one in results]
    assert history_of([*again, *results]).counters.tests == 2


def test_counters() -> None:
    counters = history_of(made("PPFf-s?")).counters
    assert (counters.tests, counters.passes, counters.failures) == (7, 3, 1)
    assert (counters.pending, counters.skipped, counters.flaky, counters.retries) == (1, 1, 1, 1)


def test_rates_are_shares_of_verdicts() -> None:
    history = history_of(made("PPFf--ss?"))
    assert history.failure_rate == 0.25
    assert history.flakiness_rate == 0.25


@pytest.mark.parametrize("letters", ["", "-", "s-?"])
def test_without_a_verdict(letters: str) -> None:
    history = history_of(made(letters))
    assert history.streak is None
    assert history.failing_since is None
    assert history.last_pass is None
    assert history.failure_rate is None
    assert history.flakiness_rate is None
    assert history.flips == ()


@pytest.mark.parametrize(
    ("letters", "status", "count", "since"),
    [
        ("P", PASSED, 1, 0),
        ("FFPf", PASSED, 2, 2),
        ("PFPFF", FAILED, 2, 3),
        ("FFF", FAILED, 3, 0),
        ("PF-sF?-", FAILED, 2, 1),
        ("F-P", PASSED, 1, 2),
    ],
)
def test_streak(letters: str, status: Outcome, count: int, since: int) -> None:
    history = history_of(made(letters))
    assert history.streak is not None
    assert (history.streak.status, history.streak.count) == (status, count)
    assert history.streak.first.run_id == f"run {since}"
    assert history.failing_since == (history.streak.first if status is FAILED else None)


def test_the_first_failure_and_the_last_pass_have_their_commits() -> None:
    history = history_of(made("PPFFF-"))
    assert history.failing_since is not None
    assert history.failing_since.commit == Commit(sha="sha 2")
    assert history.last_pass is not None
    assert history.last_pass.commit == Commit(sha="sha 1")


def test_flips() -> None:
    history = history_of(made("PPF-Ff-PF"))
    flips = [(flip.before.run_id, flip.after.run_id) for flip in history.flips]
    assert flips == [("run 7", "run 8"), ("run 4", "run 5"), ("run 1", "run 2")]


def test_groups() -> None:
    letters = {"chromium": "PPP", "webkit": "PFF"}
    results = [
        a_result(number, letter, group_id=group)
        for group, told in letters.items()
        for number, letter in enumerate(told)
    ]
    together = history_of(results)
    assert together.groups == ("chromium", "webkit")
    assert together.counters.tests == 6
    webkit = history_of(results, group_id="webkit")
    assert webkit.groups == ("webkit",)
    assert webkit.streak is not None
    assert (webkit.streak.status, webkit.streak.count) == (FAILED, 2)
    assert history_of(results, group_id="firefox").results == ()


@given(st.text(alphabet="".join(LETTERS), max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_the_results_does_not_matter(letters: str, rng: random.Random) -> None:
    results = made(letters)
    shuffled = rng.sample(results, len(results)) + results[::2]
    history = history_of(shuffled)
    assert history == history_of(results)
    verdicts = [letter for letter in letters if letter in "PFf"]
    runs = ["".join(one) for _, one in groupby("".join(verdicts).replace("f", "P"))]
    assert len(history.flips) == max(0, len(runs) - 1)
    assert (history.streak.count if history.streak else 0) == len(runs[-1] if runs else "")


async def test_of_a_world(server: FakeCurrents, currents: Currents) -> None:
    project = server.world.project()
    for failures in (0, 4, 0, 4, 4):
        project.run(specs=1, tests=4, failures=failures, flaky=0)
    signature = server.world.executions(project.project_id)[0].signature
    pager = currents.test_results.list(
        signature, date_start=date(2026, 1, 1), date_end=date(2026, 2, 1)
    )
    history = history_of([result async for result in pager])
    assert history.counters.tests == 5
    assert (history.counters.passes, history.counters.failures) == (2, 3)
    assert len(history.flips) == 3
    assert history.failing_since is not None
    assert history.failing_since.run_id == project.runs[3].run_id
    assert history.last_pass is not None
    assert history.last_pass.run_id == project.runs[2].run_id


def test_a_history_is_plain_data() -> None:
    shown = history_of(made("PF")).to_dict()
    assert shown["streak"]["first"]["runId"] == "run 1"
    assert shown["counters"]["failures"] == 1
