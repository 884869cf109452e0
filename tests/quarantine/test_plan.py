import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from currents_async import Currents, InvalidArgumentError, Limits, Progress, ServerError
from currents_async._quarantine.decision import QuarantineDecision
from currents_async._quarantine.evidence import ExaminedResult
from currents_async._quarantine.group import Quarantine
from currents_async.models import Outcome
from currents_async.testing import FakeCurrents, ManualClock, RecordedRequest
from tests.quarantine.conftest import quarantine_of
from tests.quarantine.suite import FIRST, NOW, POLICY, SPEC, Suite, id_of

BAD, FLAKY, GOOD = "cart > pays", "cart > ships", "cart > opens"


def queries(server: FakeCurrents, operation: str) -> list[list[tuple[str, str]]]:
    return [one.query for one in server.requests if one.operation == operation]


def kinds(decisions: tuple[QuarantineDecision, ...]) -> dict[str, str]:
    return {" > ".join(one.test.title): one.kind for one in decisions}


async def test_a_plan_writes_nothing(
    server: FakeCurrents, quarantine: Quarantine, suite: Suite
) -> None:
    suite.play({BAD: "..F..F..F..F", FLAKY: ".~..~..~..~.", GOOD: "F..........."})
    plan = await quarantine.plan(policy=POLICY)
    assert kinds(plan.decisions) == {BAD: "quarantine", FLAKY: "quarantine"}
    assert {request.method for request in server.requests} == {"GET"}


async def test_it_shows_the_evidence(quarantine: Quarantine, suite: Suite) -> None:
    suite.play({BAD: "FFFFF" + "s.-~F" * 2})
    [decision] = (await quarantine.plan(policy=POLICY)).to_quarantine
    test = decision.test
    assert (test.signature, test.spec, test.title) == (suite.signature(BAD), SPEC, ("cart", "pays"))
    assert test.metrics is not None
    counted = test.metrics.executions, test.metrics.failures, test.metrics.flaky
    assert counted == (15, 9, 2)
    assert [(one.status, one.flaky) for one in test.results] == [
        (Outcome.FAILED, False),
        (Outcome.PASSED, True),
        (Outcome.PENDING, False),
        (Outcome.PASSED, False),
        (Outcome.SKIPPED, False),
    ] * 2
    assert test.results[0] == ExaminedResult(
        run_id="run15",
        test_id=id_of(BAD),
        status=Outcome.FAILED,
        created_at=FIRST + timedelta(hours=15),
        branch="main",
    )
    assert decision.reason == "failed 2 and was flaky 2 of the last 6 times"


async def test_failures_of_the_explorer_are_examined(quarantine: Quarantine, suite: Suite) -> None:
    suite.play({BAD: "...ssssssssss."})
    [decision] = (await quarantine.plan(policy=POLICY)).decisions
    assert decision.test.metrics is not None
    assert decision.test.metrics.failures == 10
    assert (decision.kind, decision.test.failed) == ("leave", 0)


class TestRequests:
    async def test_the_window_and_the_branches(
        self, server: FakeCurrents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({BAD: "FFFFFF"})
        policy = msgspec.structs.replace(
            POLICY, window=timedelta(days=10), branches=["main", "next"]
        )
        await quarantine.plan(policy=policy)
        scope = [
            ("date_start", "2026-01-02T09:00:00.000Z"),
            ("date_end", "2026-01-12T09:00:00.000Z"),
            ("branches[]", "main"),
            ("branches[]", "next"),
        ]
        page = [("page", "0"), ("limit", "50")]
        worst = [("dir", "desc"), ("min_executions", "5"), *page]
        assert sorted(queries(server, "getTestsExplorer")) == [
            [*scope, ("order", order), *worst] for order in ("failures", "flakiness")
        ]
        assert queries(server, "getTestResults") == [[*scope, ("limit", "10")]]
        assert queries(server, "listActions") == [
            [("projectId", suite.project_id), ("status", "active"), ("status", "disabled")]
        ]

    @pytest.mark.parametrize(
        ("rates", "orders"),
        [({"failure_rate": None}, ["flakiness"]), ({"flakiness_rate": None}, ["failures"])],
    )
    async def test_only_results_that_count(
        self,
        server: FakeCurrents,
        quarantine: Quarantine,
        suite: Suite,
        rates: dict[str, None],
        orders: list[str],
    ) -> None:
        suite.play({BAD: "F~F~F~F~"})
        policy = msgspec.structs.replace(POLICY, **rates)
        plan = await quarantine.plan(policy=policy)
        assert [dict(query)["order"] for query in queries(server, "getTestsExplorer")] == orders
        assert len(plan.to_quarantine) == 1

    async def test_only_the_worst(
        self, server: FakeCurrents, quarantine: Quarantine, suite: Suite
    ) -> None:
        good = {f"good {number}": "......" for number in range(120)}
        suite.play({BAD: "FFFFFF", FLAKY: "~~~~~~", **good})
        plan = await quarantine.plan(policy=POLICY)
        assert kinds(plan.decisions) == {BAD: "quarantine", FLAKY: "quarantine"}
        assert len(queries(server, "getTestsExplorer")) == 2
        assert len(queries(server, "getTestResults")) == 2

    async def test_all_of_the_worst(
        self, server: FakeCurrents, quarantine: Quarantine, suite: Suite
    ) -> None:
        bad = {f"bad {number}": "FFFFF" for number in range(60)}
        suite.play({**bad, GOOD: "....."})
        policy = msgspec.structs.replace(POLICY, max_tests=70, flakiness_rate=None)
        plan = await quarantine.plan(policy=policy)
        assert kinds(plan.to_quarantine) == dict.fromkeys(bad, "quarantine")

    async def test_a_few_at_a_time(
        self, server: FakeCurrents, clock: ManualClock, suite: Suite
    ) -> None:
        suite.play({f"bad {number}": "FFFFF" for number in range(12)})
        wave = asyncio.Barrier(3)

        async def wait(request: RecordedRequest) -> None:
            if request.operation == "getTestResults":
                async with asyncio.timeout(20):  # fewer in flight would wait for ever
                    await wave.wait()

        server.before_response = wait
        async with Currents(
            server.api_key, base_url=server.url, limits=Limits(concurrency=3), clock=clock
        ) as currents:
            plan = await quarantine_of(currents).plan(suite.project_id, POLICY)
        assert len(plan.to_quarantine) == 12
        assert server.peak_in_flight == 3

    async def test_tests_without_a_valid_signature_are_skipped(
        self, server: FakeCurrents, quarantine: Quarantine, suite: Suite
    ) -> None:
        metrics = {"executions": 9, "failures": 9}
        tests: list[dict[str, Any]] = [
            {"title": "none", "metrics": metrics},
            {"title": "odd", "signature": "a/b", "metrics": metrics},
        ]
        body = msgspec.json.encode({"status": "OK", "data": {"list": tests, "total": 2}})
        server.fail("getTestsExplorer", status=200, body=body, times=2)
        assert (await quarantine.plan(policy=POLICY)).decisions == ()
        assert queries(server, "getTestResults") == []


class TestScope:
    async def test_other_branches_do_not_count(self, quarantine: Quarantine, suite: Suite) -> None:
        suite.play({BAD: "FFFFFF"}, branch="mine")
        suite.play({BAD: "......", FLAKY: "~~~~~~"})
        policy = msgspec.structs.replace(POLICY, branches=["main"])
        assert kinds((await quarantine.plan(policy=policy)).decisions) == {FLAKY: "quarantine"}

    async def test_results_before_the_window_do_not_count(
        self, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({BAD: "FFFFFFFFFF......"}, every=timedelta(hours=10))
        assert kinds((await quarantine.plan(policy=POLICY)).decisions) == {BAD: "leave"}
        since = NOW - (FIRST + timedelta(hours=105))
        policy = msgspec.structs.replace(POLICY, window=since)
        assert (await quarantine.plan(policy=policy)).decisions == ()

    async def test_too_few_executions(self, quarantine: Quarantine, suite: Suite) -> None:
        suite.play({BAD: "FFFF"})
        assert (await quarantine.plan(policy=POLICY)).decisions == ()


async def test_for_people(quarantine: Quarantine, suite: Suite) -> None:
    suite.play({"cart > \x1b[31mred\n one": "FFFFF", FLAKY: ".....", GOOD: "sssss"})
    plan = await quarantine.plan(policy=POLICY)
    counts = "1 to quarantine, 0 to extend, 0 to lift, 0 broken, 0 overdue, 0 to keep, 1 to leave"
    assert str(plan) == (
        f"'default' in project {suite.project_id}: {counts}\n"
        f"  quarantine {SPEC} > cart > [31mred one: failed 5 of the last 5 times"
    )
    assert repr(plan) == f"<QuarantinePlan: 'default' in project {suite.project_id}: {counts}>"


async def test_what_is_broken_is_named_and_not_silenced(
    quarantine: Quarantine, suite: Suite
) -> None:
    suite.play({FLAKY: "F.F.F", GOOD: "FFFFF"})
    plan = await quarantine.plan(policy=msgspec.structs.replace(POLICY, broken_after=5))
    assert [one.label for one in plan.broken] == [f"{SPEC} > {GOOD}"]
    assert [one.label for one in plan.to_quarantine] == [f"{SPEC} > {FLAKY}"]
    assert f"  broken {SPEC} > {GOOD}: failed 5" in str(plan)


async def test_what_is_overdue_is_named_and_let_out_only_if_that_is_asked_for(
    server: FakeCurrents,
    currents: Currents,
    quarantine: Quarantine,
    suite: Suite,
    clock: ManualClock,
) -> None:
    suite.play({BAD: "F.F.F"})
    await (await quarantine.plan(policy=POLICY)).apply()
    clock.advance(days=5)
    policy = msgspec.structs.replace(POLICY, max_age=timedelta(days=4))
    plan = await quarantine.plan(policy=policy)
    assert plan.is_empty
    [overdue] = plan.overdue
    assert overdue.age == timedelta(days=5)
    assert str(plan).splitlines()[1] == (
        f"  overdue {SPEC} > {BAD}: in quarantine since 2026-01-12, longer than 4 days, and passed "
        "cleanly 0 of 5 times in a row"
    )
    policy = msgspec.structs.replace(policy, lift_overdue=True)
    result = await (await quarantine.plan(policy=policy)).apply()
    assert [one.test.signature for one in result.lifted] == [suite.signature(BAD)]
    [action] = await currents.actions.list()
    assert action.status == "disabled"
    assert kinds((await quarantine.plan(policy=policy)).decisions) == {BAD: "leave"}
    assert queries(server, "deleteAction") == []


class TestRefusals:
    async def test_invalid_policy(self, server: FakeCurrents, quarantine: Quarantine) -> None:
        with pytest.raises(InvalidArgumentError, match="policy must be a QuarantinePolicy, not di"):
            await quarantine.plan(policy={"window": 14})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert server.requests == []

    async def test_without_a_project(self, server: FakeCurrents) -> None:
        async with Currents(server.api_key, base_url=server.url) as currents:
            with pytest.raises(InvalidArgumentError, match="no project"):
                await quarantine_of(currents).plan()
        assert server.requests == []

    @pytest.mark.parametrize("operation", ["listActions", "getTestsExplorer", "getTestResults"])
    async def test_a_plan_on_half_of_the_evidence(
        self, server: FakeCurrents, quarantine: Quarantine, suite: Suite, operation: str
    ) -> None:
        suite.play({f"bad {number}": "FFFFF" for number in range(20)})
        server.fail(operation, status=500, times=None)
        with pytest.raises(ServerError):
            await quarantine.plan(policy=POLICY)

    async def test_there_is_no_raw_response(self, quarantine: Quarantine) -> None:
        with pytest.raises(AttributeError, match="plan is not a single request"):
            _ = quarantine.raw.plan


def test_the_clock_is_the_clients(clock: ManualClock) -> None:
    assert datetime.fromtimestamp(clock.wall(), UTC) == NOW


async def test_progress_is_reported(suite: Suite, quarantine: Quarantine) -> None:
    suite.play({f"test {number}": "F.F.FF.F.F.F" for number in range(3)})
    seen: list[Progress] = []
    await quarantine.plan(policy=POLICY, on_progress=seen.append)
    assert [(one.done, one.total) for one in seen] == [(1, 3), (2, 3), (3, 3)]
