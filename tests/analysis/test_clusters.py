"""Which failures have the same cause, as judged in `tests/analysis/failure_messages.txt`."""

import random
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async.analysis import Failure, cluster_failures, failures_of
from currents_async.analysis.executed import ExecutedTest
from currents_async.models import AttemptError
from tests.analysis.made import FAILED, a_test, an_instance

HERE = Path(__file__).parent


def judged() -> dict[str, list[str]]:
    """Return messages by their causes."""
    text = (HERE / "failure_messages.txt").read_text(encoding="utf-8").replace("␛", "\x1b")
    _, *causes = text.split("\n# ")
    named = (cause.split("\n", 1) for cause in causes)
    return {name: messages.split("\n---\n") for name, messages in named}


JUDGED = judged()


def a_failure(message: str | None, stack: str | None = None) -> Failure:
    return Failure(test=ExecutedTest(), error=AttemptError(message=message, stack=stack))


def clusters_of(*messages: str) -> int:
    return len(cluster_failures(map(a_failure, messages)))


@pytest.mark.parametrize("cause", JUDGED)
def test_messages_with_the_same_cause(cause: str) -> None:
    assert clusters_of(*JUDGED[cause]) == 1


def test_messages_with_different_causes() -> None:
    for one, two in combinations(JUDGED, 2):
        assert clusters_of(JUDGED[one][0], JUDGED[two][0]) == 2, (one, two)


CAUSES = (
    (
        "expect(locator).toBeVisible() failed\n\nLocator: locator('#row-{number} .save')\n"
        "Expected: visible\nReceived: {word}\nTimeout: {number}ms\n\n"
        "Call log:\n  - {word}\n    at {path}:1:2"
    ),
    (
        "expect(locator).toBeVisible() failed\n\nLocator: locator('#row-{number} .undo')\n"
        "Expected: visible\nReceived: {word}\nTimeout: {number}ms"
    ),
    "expect(page).toHaveURL(expected) failed\n\nExpected pattern: /basket/\nReceived: '{url}'",
    "locator.click: Timeout {number}ms exceeded.\nCall log:\n  - waiting for getByText('Pay')",
    "locator.fill: Timeout {number}ms exceeded.\nCall log:\n  - waiting for getByLabel('Card')",
    "page.goto: net::ERR_CONNECTION_RESET at {url}\nCall log:\n  - navigating to '{url}'",
    "\x1b[31mTest timeout of {number}ms exceeded.\x1b[39m",
    "Timed out retrying after {number}ms: Expected to find element: `#pay-{uuid}`, but never ",
    (
        "Timed out retrying after {number}ms: expected '<p>' to have text 'Paid', but the text was "
        "'{word}'"
    ),
    "ENOENT: no such file or directory, open '{path}'",
    "Order {ulid} of {token} was not paid within {number}.{number} s, at {moment}",
    "Request {uuid} to {url} failed with status code 502 after {number} attempts",
)


def made_messages(number: int) -> list[str]:
    """Return messages of all causes in turn, with all that can differ drawn by chance."""
    rng = random.Random(4)  # noqa: S311
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    def drawn(alphabet: str, length: int) -> str:
        return "".join(rng.choices(alphabet, k=length))

    def one(cause: str) -> str:
        hexadecimal = drawn(letters[:16], 32)
        cuts = (0, 8, 12, 16, 20, 32)
        return cause.format(
            number=rng.randint(1, 99_999),
            word=drawn(letters[10:36], rng.randint(1, 9)),
            uuid="-".join(hexadecimal[a:b] for a, b in pairwise(cuts)),
            ulid="01" + drawn("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24),
            token=drawn(letters[:10], 4) + drawn(letters, 12),
            url=f"http://{drawn(letters[10:36], 6)}.example:{rng.randint(1, 9999)}/"
            f"{drawn(letters, rng.randint(0, 9))}?a={drawn(letters, 4)}",
            path=f"/home/{drawn(letters[10:36], 5)}/{drawn(letters, 6)}/{drawn(letters, 5)}.json",
            moment=f"2026-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}T1{rng.randint(0, 9)}:20:30Z",
        )

    return [one(CAUSES[n % len(CAUSES)]) for n in range(number)]


def test_two_hundred_messages_of_twelve_causes() -> None:
    messages = made_messages(200)
    assert len(set(messages)) > 190
    clusters = cluster_failures(map(a_failure, messages))
    assert [len(cluster.failures) for cluster in clusters] == [17] * 8 + [16] * 4
    expected = [messages[number::12] for number in range(12)]
    found = [[one.error.message for one in cluster.failures if one.error] for cluster in clusters]
    assert found == expected


def test_the_largest_cluster_is_first() -> None:
    test = a_test("a", FAILED, failures=["Error: 7 items\nat a.ts"])
    other = a_test("b", FAILED, failures=["\x1b[31mNo basket\x1b[39m"])
    instance = an_instance("a.ts", other, test, a_test("c", FAILED, failures=["Error: 8 items"]))
    clusters = cluster_failures(failures_of([instance]))
    assert [(one.message, one.pattern) for one in clusters] == [
        ("Error: 7 items", "<number> items"),
        ("No basket", "No basket"),
    ]
    assert [failure.test.title[-1] for failure in clusters[0].failures] == ["a", "c"]
    assert cluster_failures([]) == []


def test_without_a_message_the_stack_counts_or_what_the_test_says() -> None:
    stack = a_failure(None, stack="Error: a 1\n  at b")
    bare = Failure(test=ExecutedTest(error="a 2"))
    [found] = cluster_failures([stack, bare, a_failure(" ", "a 3")])
    assert found.message == "Error: a 1"


def test_failures_without_a_message() -> None:
    assert clusters_of("", " \n\x1b[31m\x1b[39m") == 1


def test_long_lines_are_cut_after_what_differs_in_length() -> None:
    rest = "words of the same message " * 100
    assert clusters_of(f"Order 7 failed: {rest}", f"Order 1234567 failed: {rest}") == 1


def test_what_is_far_behind_is_not_looked_at() -> None:
    long = "x" * 1_000_000
    assert clusters_of(long, long + "y") == 1
    [found] = cluster_failures([a_failure(f"a\n{long}\nLocator: b")])
    assert found.pattern == "a"


@given(st.lists(st.text(max_size=80), max_size=5))
def test_any_text_has_a_place(messages: list[str]) -> None:
    clusters = cluster_failures(map(a_failure, messages))
    assert sum(len(cluster.failures) for cluster in clusters) == len(messages)
