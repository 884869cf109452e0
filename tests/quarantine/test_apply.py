import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from currents_async import AmbiguousError, ClientClosedError, Currents, ForbiddenError, ServerError
from currents_async._quarantine.group import Quarantine
from currents_async._quarantine.plan import QuarantineResult
from currents_async._quarantine.rules import marker, matcher_for
from currents_async.models import Action, Effect, Matcher, when
from currents_async.testing import FakeCurrents, ManualClock, RecordedRequest, World
from tests.quarantine.suite import NOW, POLICY, SPEC, Suite, id_of

PAYS, SHIPS, OPENS = "cart > pays", "cart > ships", "cart > opens"


def writes(server: FakeCurrents) -> Counter[str | None]:
    return Counter(one.operation for one in server.requests if one.method != "GET")


def counts(result: QuarantineResult) -> dict[str, int]:
    return {name: len(found) for name, found in msgspec.structs.asdict(result).items() if found}


async def statuses(currents: Currents) -> dict[str, str | None]:
    return {one.action_id: one.status for one in await currents.actions.list()}


async def make_action(currents: Currents, suite: Suite, title: str, **fields: Any) -> Action:
    every: dict[str, Any] = {
        "name": f"Quarantine: {SPEC} > {title}",
        "action": [Effect.quarantine()],
        "matcher": matcher_for(SPEC, [id_of(title)]),
        "description": marker("default", suite.signature(title)),
        **fields,
    }
    return await currents.actions.create(**every)


class TestCreating:
    async def test_what_is_created(
        self, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "F.F.FF", OPENS: "......"})
        result = await (await quarantine.plan(policy=POLICY)).apply()
        [action] = await currents.actions.list()
        assert counts(result) == {"created": 1}
        assert result.created[0].action == action
        assert action.is_active
        assert action.name == f"Quarantine: {SPEC} > {PAYS}"
        assert action.action == (Effect.quarantine(),)
        assert action.matcher == Matcher.all(when.file.eq(SPEC), when.test_id.in_([id_of(PAYS)]))
        assert action.expires_after is None
        assert (action.description or "").splitlines() == [
            "In quarantine because it failed 4 of the last 6 times.",
            (
                "Lifted once its last 5 results are clean passes. Disable this action to keep the "
                "test out of quarantine; change or remove the line below to manage the action "
                "yourself."
            ),
            f"[currents-async quarantine=default signature={suite.signature(PAYS)}]",
        ]

    async def test_twice_changes_nothing(
        self, server: FakeCurrents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF", SHIPS: "~~~~~~"})
        plan = await quarantine.plan(policy=POLICY)
        assert counts(await plan.apply()) == {"created": 2}
        assert counts(await plan.apply()) == {"unchanged": 2}
        again = await quarantine.plan(policy=POLICY)
        assert again.is_empty
        assert [one.kind for one in again.decisions] == ["keep", "keep"]
        sent = len(server.requests)
        assert counts(await again.apply()) == {}
        assert len(server.requests) == sent
        assert writes(server) == {"createAction": 2}

    async def test_no_other_test_is_hit(
        self, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        """Not even tests with the same titles and more, or in another order."""
        others = {"cart > mobile > pays": ".....", "pays > cart > pays": ".....", OPENS: "....."}
        suite.play({PAYS: ".....", **others}, browser="webkit")
        suite.play({PAYS: "FFFFF", **others})
        suite.play({PAYS: "....."}, spec="tests/other.spec.ts")
        result = await (await quarantine.plan(policy=POLICY)).apply()
        [created] = result.created
        assert created.action is not None
        executions = [
            one
            async for one in currents.actions.executions_by_action(
                created.action.action_id, date_start=NOW - timedelta(days=14), date_end=NOW
            )
        ]
        hit = Counter((one.signature, one.test_id) for one in executions)
        assert hit == {
            (suite.signature(PAYS), id_of(PAYS, browser=browser)): 5
            for browser in ("chromium", "webkit")
        }

    async def test_expiry(
        self, currents: Currents, quarantine: Quarantine, suite: Suite, clock: ManualClock
    ) -> None:
        suite.play({PAYS: "FFFFFF"})
        policy = msgspec.structs.replace(POLICY, expires_after=timedelta(days=2))
        result = await (await quarantine.plan(policy=policy)).apply()
        assert result.created[0].action is not None
        assert result.created[0].action.expires_after == NOW + timedelta(days=2)
        clock.advance(days=1)
        assert (await quarantine.plan(policy=policy)).is_empty
        clock.advance(days=1)
        result = await (await quarantine.plan(policy=policy)).apply()
        assert counts(result) == {"created": 1}
        assert list((await statuses(currents)).values()) == ["expired", "active"]

    async def test_any_title(
        self, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play(dict.fromkeys(("a\nb\x1b[0m \u2028", " ", "x" * 900, "größe 🛒"), "FFFFF"))
        result = await (await quarantine.plan(policy=POLICY)).apply()
        assert counts(result) == {"created": 4}
        names = {
            one.name.removeprefix(f"Quarantine: {SPEC} > ") for one in await currents.actions.list()
        }
        assert names >= {"a b [0m", "größe 🛒"}

    async def test_a_few_at_a_time(
        self, server: FakeCurrents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({f"bad {number}": "FFFFF" for number in range(8)})
        plan = await quarantine.plan(policy=POLICY)
        wave = asyncio.Barrier(4)
        in_flight: set[int] = set()
        most = 0

        async def wait(request: RecordedRequest) -> None:
            nonlocal most
            if request.operation == "createAction":
                in_flight.add(request.started)
                most = max(most, len(in_flight))
                async with asyncio.timeout(20):  # fewer in flight would wait for ever
                    await wave.wait()
                for _ in range(50):  # time in which another one would arrive
                    await asyncio.sleep(0)
                in_flight.discard(request.started)

        server.before_response = wait
        assert counts(await plan.apply()) == {"created": 8}
        assert most == 4


class TestActionsOfOthers:
    @pytest.mark.parametrize(
        "edit",
        [
            lambda _: "The team looks after this one.",
            lambda mark: f"{mark}!",
            lambda mark: f" {mark}",
            lambda mark: mark.replace("default", "nightly"),
            lambda mark: f"{mark}\n{mark}",
            lambda _: None,
        ],
        ids=["none", "longer", "indented", "of another policy", "double", "null"],
    )
    async def test_are_never_touched(
        self, world: World, currents: Currents, quarantine: Quarantine, suite: Suite, edit: Any
    ) -> None:
        """They are not lifted, and a test that they cover needs no action of ours."""
        suite.play({PAYS: "FFFFFF", SHIPS: "......"})
        before: dict[str, Any] = {}
        for title in (PAYS, SHIPS):
            mark = marker("default", suite.signature(title))
            foreign = await make_action(currents, suite, title, description=edit(mark))
            before[foreign.action_id] = world.actions[foreign.action_id].payload(0)
        plan = await quarantine.plan(policy=POLICY)
        assert counts(await plan.apply()) == {}
        [decision] = plan.decisions
        assert decision.reason.endswith(f" times: action {next(iter(before))} covers it already")
        for action_id, payload in before.items():
            assert world.actions[action_id].payload(0) == payload

    async def test_made_before_ours(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        """One that a person makes between plan and apply is enough, by a pattern too."""
        suite.play({PAYS: "FFFFFF", SHIPS: "FFFFFF"})
        plan = await quarantine.plan(policy=POLICY)
        assert len(plan.to_quarantine) == 2
        matcher = Matcher.all(when.file.eq(SPEC), when.title.regex("^pay"))
        await make_action(currents, suite, PAYS, description=None, matcher=matcher)
        assert counts(await plan.apply()) == {"created": 1, "unchanged": 1}
        again = await quarantine.plan(policy=POLICY)
        assert {one.test.title[-1]: one.kind for one in again.decisions} == {
            "pays": "leave",
            "ships": "keep",
        }
        assert writes(server)["createAction"] == 2

    async def test_taken_over_before_they_are_lifted(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "....."})
        ours = await make_action(currents, suite, PAYS)
        plan = await quarantine.plan(policy=POLICY)
        assert len(plan.to_lift) == 1
        await currents.actions.update(ours.action_id, description="Ours now.")
        assert counts(await plan.apply()) == {"unchanged": 1}
        assert writes(server)["deleteAction"] == 0


class TestLifting:
    async def test_after_clean_passes(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        """Its earlier failures do not put it back."""
        suite.play({PAYS: "FFFFFF"})
        await (await quarantine.plan(policy=POLICY)).apply()
        suite.play({PAYS: "s...."})
        assert (await quarantine.plan(policy=POLICY)).is_empty
        suite.play({PAYS: "."})
        plan = await quarantine.plan(policy=POLICY)
        result = await plan.apply()
        assert counts(result) == {"lifted": 1}
        assert result.lifted == plan.to_lift
        assert list((await statuses(currents)).values()) == ["archived"]
        assert counts(await plan.apply()) == {"unchanged": 1}
        assert (await quarantine.plan(policy=POLICY)).is_empty
        assert writes(server) == {"createAction": 1, "deleteAction": 1}

    async def test_put_back_when_it_fails_again(
        self, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "....."})
        await make_action(currents, suite, PAYS)
        await (await quarantine.plan(policy=POLICY)).apply()
        suite.play({PAYS: "FF"})
        result = await (await quarantine.plan(policy=POLICY)).apply()
        assert counts(result) == {"created": 1}
        assert list((await statuses(currents)).values()) == ["archived", "active"]

    async def test_of_a_test_that_is_gone(
        self, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        await make_action(currents, suite, PAYS)
        assert (await quarantine.plan(policy=POLICY)).is_empty
        suite.play({OPENS: "....."})
        typo = msgspec.structs.replace(POLICY, branches=["mian"])
        assert (await quarantine.plan(policy=typo)).is_empty
        plan = await quarantine.plan(policy=POLICY)
        assert str(plan).splitlines()[1:] == [
            f"  lift Quarantine: {SPEC} > {PAYS}: has not run within 14 days, though others have"
        ]
        assert counts(await plan.apply()) == {"lifted": 1}

    async def test_without_a_response(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "....."})
        await make_action(currents, suite, PAYS)
        plan = await quarantine.plan(policy=POLICY)
        server.fail("deleteAction", status=202, body=b"")
        assert counts(await plan.apply()) == {"lifted": 1}

    async def test_that_others_have_done(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: ".....", SHIPS: "....."})
        archived = await make_action(currents, suite, PAYS)
        await make_action(currents, suite, SHIPS)
        plan = await quarantine.plan(policy=POLICY)
        await currents.actions.delete(archived.action_id)
        server.fail("deleteAction", status=404)
        assert counts(await plan.apply()) == {"unchanged": 2}
        assert writes(server)["deleteAction"] == 2


class TestPeople:
    async def test_disabled_actions_stay_disabled(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF"})
        plan = await quarantine.plan(policy=POLICY)
        [created] = (await plan.apply()).created
        assert created.action is not None
        await currents.actions.disable(created.action.action_id)
        for one in (plan, await quarantine.plan(policy=POLICY)):
            await one.apply()
        [decision] = one.decisions
        assert decision.kind == "leave"
        assert decision.reason.startswith(f"its action {created.action.action_id} is disabled")
        assert list((await statuses(currents)).values()) == ["disabled"]
        suite.play({PAYS: "....."})
        assert (await quarantine.plan(policy=POLICY)).is_empty
        assert writes(server) == {"createAction": 1, "disableAction": 1}

    async def test_disabled_between_plan_and_apply(
        self, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        """Between the plan and its application."""
        suite.play({PAYS: ".....", SHIPS: "FFFFF"})
        to_lift = await make_action(currents, suite, PAYS)
        plan = await quarantine.plan(policy=POLICY)
        made_by_another = await make_action(currents, suite, SHIPS)
        for action in (to_lift, made_by_another):
            await currents.actions.disable(action.action_id)
        assert counts(await plan.apply()) == {"unchanged": 2}
        assert list((await statuses(currents)).values()) == ["disabled", "disabled"]

    async def test_archived_actions_are_not_created_again_by_the_same_plan(
        self, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF"})
        plan = await quarantine.plan(policy=POLICY)
        [created] = (await plan.apply()).created
        assert created.action is not None
        await currents.actions.delete(created.action.action_id)
        assert counts(await plan.apply()) == {"unchanged": 1}
        assert list((await statuses(currents)).values()) == ["archived"]

    async def test_policies_of_two_names_are_independent(
        self, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF....."})
        nightly = msgspec.structs.replace(POLICY, name="nightly", lift_after=6)
        assert counts(await (await quarantine.plan(policy=nightly)).apply()) == {"created": 1}
        assert (await quarantine.plan(policy=POLICY)).is_empty
        assert (await quarantine.plan(policy=nightly)).is_empty
        assert list((await statuses(currents)).values()) == ["active"]


class TestExtending:
    async def test_to_another_playwright_project(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF"})
        await (await quarantine.plan(policy=POLICY)).apply()
        suite.play({PAYS: "F"}, browser="webkit")
        plan = await quarantine.plan(policy=POLICY)
        # Its response is lost, and it is sent again.
        server.fail("updateAction", fault="truncate")
        result = await plan.apply()
        assert counts(result) == {"extended": 1}
        [action] = await currents.actions.list()
        both = [id_of(PAYS), id_of(PAYS, browser="webkit")]
        assert action.matcher == matcher_for(SPEC, both)
        assert result.extended[0].action == action
        assert counts(await plan.apply()) == {"unchanged": 1}
        assert (await quarantine.plan(policy=POLICY)).is_empty
        assert writes(server) == {"createAction": 1, "updateAction": 2}

    async def test_not_if_the_action_is_gone_meanwhile(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF"}, browser="webkit")
        ours = await make_action(currents, suite, PAYS)
        plan = await quarantine.plan(policy=POLICY)
        assert len(plan.to_extend) == 1
        await currents.actions.delete(ours.action_id)
        assert counts(await plan.apply()) == {"unchanged": 1}
        assert writes(server)["updateAction"] == 0


class TestLostResponses:
    @pytest.mark.parametrize("fault", ["truncate", "cut-gzip", "corrupt"])
    async def test_of_an_action_that_was_created(
        self,
        server: FakeCurrents,
        currents: Currents,
        quarantine: Quarantine,
        suite: Suite,
        fault: Any,
    ) -> None:
        suite.play({PAYS: "FFFFFF", SHIPS: "~~~~~~"})
        plan = await quarantine.plan(policy=POLICY)
        server.fail("createAction", fault=fault)
        result = await plan.apply()
        assert counts(result) == {"created": 2}
        found = {one.action.action_id for one in result.created if one.action is not None}
        assert found == set(await statuses(currents))
        assert counts(await plan.apply()) == {"unchanged": 2}
        assert writes(server) == {"createAction": 2}

    async def test_of_an_action_that_was_not_created(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF"})
        plan = await quarantine.plan(policy=POLICY)
        server.fail("createAction", fault="reset")
        result = await plan.apply()
        assert counts(result) == {"failed": 1}
        assert isinstance(result.failed[0].error, AmbiguousError)
        assert result.failed[0].decision == plan.to_quarantine[0]
        assert writes(server) == {"createAction": 1}
        assert counts(await plan.apply()) == {"created": 1}
        assert list((await statuses(currents)).values()) == ["active"]

    async def test_when_actions_cannot_be_listed(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF"})
        plan = await quarantine.plan(policy=POLICY)
        server.fail("createAction", fault="truncate")
        server.fail("listActions", 500, after=1, times=3)
        result = await plan.apply()
        assert counts(result) == {"failed": 1}
        assert isinstance(result.failed[0].error, AmbiguousError)
        assert counts(await plan.apply()) == {"unchanged": 1}
        assert len(await statuses(currents)) == 1


class TestFailures:
    async def test_do_not_stop_the_others(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFF", SHIPS: "~~~~~", "cart > closes": "F.F.F", OPENS: "....."})
        ours = await make_action(currents, suite, OPENS)
        plan = await quarantine.plan(policy=POLICY)
        server.fail("createAction", status=403, after=1)
        server.fail("deleteAction", status=403, path_args={"action_id": ours.action_id})
        result = await plan.apply()
        assert counts(result) == {"created": 2, "failed": 2}
        assert all(isinstance(one.error, ForbiddenError) for one in result.failed)
        assert counts(await plan.apply()) == {"created": 1, "lifted": 1, "unchanged": 2}
        assert sorted(filter(None, (await statuses(currents)).values())) == [
            "active",
            "active",
            "active",
            "archived",
        ]

    async def test_to_list_stop_everything(
        self, server: FakeCurrents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF"})
        plan = await quarantine.plan(policy=POLICY)
        server.fail("listActions", 500, times=3)
        with pytest.raises(ServerError):
            await plan.apply()
        assert writes(server) == {}
        assert counts(await plan.apply()) == {"created": 1}

    async def test_of_the_client_are_raised(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF"})
        plan = await quarantine.plan(policy=POLICY)

        async def close(request: RecordedRequest) -> None:
            if request.operation == "createAction":
                await currents.aclose()

        server.before_response = close
        with pytest.raises(ClientClosedError):
            await plan.apply()


class TestRaces:
    async def test_one_plan_at_once(
        self, server: FakeCurrents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF"})
        plan = await quarantine.plan(policy=POLICY)
        results = await asyncio.gather(plan.apply(), plan.apply())
        assert [counts(result) for result in results] == [{"created": 1}, {"unchanged": 1}]
        assert writes(server) == {"createAction": 1}

    async def test_another_process_was_faster(
        self, server: FakeCurrents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF"})
        mine, theirs = [await quarantine.plan(policy=POLICY) for _ in range(2)]
        assert counts(await theirs.apply()) == {"created": 1}
        assert counts(await mine.apply()) == {"unchanged": 1}
        assert writes(server) == {"createAction": 1}

    async def test_two_plans_at_once_leave_one_action(
        self, server: FakeCurrents, currents: Currents, quarantine: Quarantine, suite: Suite
    ) -> None:
        suite.play({PAYS: "FFFFFF"})
        plans = [await quarantine.plan(policy=POLICY) for _ in range(2)]
        both = asyncio.Barrier(2)

        async def wait(request: RecordedRequest) -> None:
            if request.operation == "createAction":
                async with asyncio.timeout(20):
                    await both.wait()

        server.before_response = wait
        results = await asyncio.gather(*(plan.apply() for plan in plans))
        assert [counts(result) for result in results] == [{"created": 1}] * 2
        after = await quarantine.plan(policy=POLICY)
        assert counts(await after.apply()) == {"lifted": 1}
        assert sorted(filter(None, (await statuses(currents)).values())) == ["active", "archived"]
        assert (await quarantine.plan(policy=POLICY)).is_empty


async def test_the_cap_holds_over_time(
    currents: Currents, quarantine: Quarantine, suite: Suite
) -> None:
    suite.play({PAYS: "FFFFF", SHIPS: "FFFF.", OPENS: "F...F"})
    policy = msgspec.structs.replace(POLICY, max_tests=2)
    plan = await quarantine.plan(policy=policy)
    assert [one.test.title[-1] for one in plan.to_quarantine] == ["pays", "ships"]
    assert counts(await plan.apply()) == {"created": 2}
    plan = await quarantine.plan(policy=policy)
    assert plan.is_empty
    assert {one.test.title[-1]: one.kind for one in plan.decisions} == {
        "pays": "keep",
        "ships": "keep",
        "opens": "leave",
    }
    suite.play({PAYS: ".....", SHIPS: "s.s.s", OPENS: "....F"})
    result = await (await quarantine.plan(policy=policy)).apply()
    assert [one.test.title[-1] for one in result.lifted] == ["pays"]
    assert [one.test.title[-1] for one in result.created] == ["opens"]
