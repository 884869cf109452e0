"""Changes of tests, asked of a server: what is fetched, and what is told only once."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from currents_async import Currents, InvalidArgumentError, NotFoundError, Progress
from currents_async.analysis import ChangeRules, TestChanges
from currents_async.testing import FakeCurrents, ManualClock
from tests.quarantine.suite import FIRST, NOW, SPEC, Suite

BREAKS, FLAKES, MENDS, GOOD = "cart > breaks", "cart > flakes", "cart > mends", "cart > good"
RULES = ChangeRules(broken_after=3, recovered_after=3)


def told(found: TestChanges) -> list[tuple[str, str, int]]:
    return [
        (one.kind, one.title[-1], (one.at - FIRST) // timedelta(hours=1)) for one in found.changes
    ]


def operations(server: FakeCurrents) -> list[str]:
    return [str(one.operation) for one in server.requests]


async def test_since_a_time(currents: Currents, server: FakeCurrents, suite: Suite) -> None:
    suite.play({
        BREAKS: "...FFF..",
        FLAKES: "~..~....",
        MENDS: "FFFF....",
        GOOD: "........",
    })
    reports: list[Progress] = []
    found = await currents.tests.changes(
        since=FIRST + timedelta(hours=2), rules=RULES, on_progress=reports.append
    )
    assert told(found) == [
        ("broke", "breaks", 6),
        ("recovered", "flakes", 7),
        ("recovered", "mends", 7),
    ]
    assert [(one.done, one.total) for one in reports] == [(1, 3), (2, 3), (3, 3)]
    assert found.until == NOW
    assert found.missing == ()
    assert repr(found).startswith("<TestChanges 3 changes until 2026-01-12 09:00")
    broke = found.changes[0]
    assert (broke.spec, broke.signature) == (SPEC, suite.signature(BREAKS))
    assert sorted(operations(server)) == ["getTestResults"] * 3 + ["getTestsExplorer"] * 2


@pytest.mark.parametrize("late", [0, 1, 5, 20])
async def test_a_bot(currents: Currents, suite: Suite, clock: ManualClock, late: int) -> None:
    """By the token it is told each change once, whenever it asks, and of late results too."""
    suite.skip_to(NOW)
    clock.advance(hours=late)
    since: Any = NOW - timedelta(days=1)
    seen: list[tuple[str, str, int]] = []
    for columns in ("..", "F", "", "FF", "F.", ".", "~", "...", ""):
        if columns:
            suite.play({BREAKS: columns, GOOD: "." * len(columns)})
        clock.advance(hours=len(columns))
        found = await currents.tests.changes(since=since, rules=RULES)
        seen += told(found)
        since = found.resume_token
    assert [(kind, title, at - 7 * 24) for kind, title, at in seen] == [
        ("broke", "breaks", 5),
        ("became_flaky", "breaks", 9),
        ("recovered", "breaks", 12),
    ]


async def test_what_could_not_be_fetched_is_told_next_time(
    currents: Currents, server: FakeCurrents, suite: Suite, clock: ManualClock
) -> None:
    suite.play({BREAKS: ".FFF", FLAKES: "...~"})
    server.fail("getTestResults", status=404)
    found = await currents.tests.changes(since=FIRST, rules=RULES)
    assert len(found.changes) == len(found.missing) == 1
    assert "404" in found.missing[0].error
    clock.advance(hours=1)
    again = await currents.tests.changes(since=found.resume_token, rules=RULES)
    assert len(again.changes) == 1
    assert {*told(found), *told(again)} == {("broke", "breaks", 4), ("became_flaky", "flakes", 4)}
    last = await currents.tests.changes(since=again.resume_token, rules=RULES)
    assert told(last) == []


async def test_what_is_flaky_is_remembered(
    currents: Currents, suite: Suite, clock: ManualClock
) -> None:
    """Its evidence is older than the lookback by the time that it recovers."""
    suite.skip_to(NOW)
    suite.play({FLAKES: "~."})
    clock.advance(hours=2)
    lookback = timedelta(hours=3)
    found = await currents.tests.changes(since=NOW, rules=RULES, lookback=lookback)
    assert [one.kind for one in found.changes] == ["became_flaky"]
    for columns, kinds in (("..", ["recovered"]), ("..", [])):
        clock.advance(hours=2)
        suite.play({FLAKES: columns})
        since = found.resume_token
        found = await currents.tests.changes(since=since, rules=RULES, lookback=lookback)
        assert [one.kind for one in found.changes] == kinds


async def test_only_what_may_have_changed_is_fetched(
    currents: Currents, server: FakeCurrents, suite: Suite
) -> None:
    suite.play({BREAKS: "FFFF", GOOD: "...."})
    found = await currents.tests.changes(since=NOW - timedelta(hours=1), rules=RULES)
    assert told(found) == []
    assert operations(server) == ["getTestsExplorer"] * 2


async def test_the_branches(currents: Currents, server: FakeCurrents, suite: Suite) -> None:
    suite.play({BREAKS: "..."})
    suite.play({BREAKS: "FFF"}, branch="feature")
    assert told(await currents.tests.changes(since=FIRST, branches=["main"], rules=RULES)) == []
    assert all(("branches[]", "main") in one.query for one in server.requests)
    assert len(told(await currents.tests.changes(since=FIRST, rules=RULES))) == 1


async def test_a_day(currents: Currents, suite: Suite) -> None:
    suite.play({BREAKS: ".FFF"})
    assert len((await currents.tests.changes(since=date(2026, 1, 5))).changes) == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            ({"since": "yesterday"}, "since must be a datetime, a date or a resume token"),
            ({"since": "changes.v1.W10"}, "since must be a datetime, a date or a resume token"),
            ({"since": "changes.v1.\u00e4"}, "since must be a datetime, a date or a resume token"),
            ({"since": ""}, "since must not be empty"),
            ({"since": datetime(2026, 1, 1)}, "since must have a time zone"),  # noqa: DTZ001
            ({"since": date(1, 1, 1)}, "since is too long ago"),
            ({"since": 3}, "since must be"),
            ({"branches": "main"}, "branches must be a sequence of str"),
            ({"rules": {}}, "rules must be a ChangeRules, not dict"),
            ({"lookback": 14}, "lookback must be a positive timedelta"),
        ],
    )
    async def test_before_anything_is_sent(
        self, currents: Currents, server: FakeCurrents, arguments: dict[str, Any], says: str
    ) -> None:
        every: dict[str, Any] = {"since": FIRST, **arguments}
        with pytest.raises(InvalidArgumentError, match=says):
            await currents.tests.changes(**every)
        assert server.requests == []

    async def test_the_token_of_another_question(self, currents: Currents, suite: Suite) -> None:
        token = (await currents.tests.changes(since=FIRST, branches=["a", "b"])).resume_token
        await currents.tests.changes(since=token, branches=["b", "a"])
        others: list[dict[str, Any]] = [
            {"branches": ["a"]},
            {"branches": ["a", "b"], "rules": RULES},
        ]
        for other in others:
            with pytest.raises(InvalidArgumentError, match="since is the resume token of another"):
                await currents.tests.changes(since=token, **other)

    async def test_an_unknown_project(self, currents: Currents) -> None:
        with pytest.raises(NotFoundError):
            await currents.tests.changes("nowhere", since=FIRST)
