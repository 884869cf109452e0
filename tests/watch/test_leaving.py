"""A watch that is left, cancelled or closed leaves nothing open."""

import asyncio

import pytest

from currents_async import ClientClosedError, Currents, CurrentsError, MisuseError
from currents_async._watch import RunWatch
from currents_async.models import RunSpec
from currents_async.testing import FakeCurrents, RecordedRequest, WorldProject
from currents_async.testing.clock import ManualClock
from tests.watch.watching import ids_of, open_client, other_tasks, until


class TestLeaving:
    async def test_nothing_is_open_while_the_consumer_works(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=2_000, completed=1_000)
        async with currents.runs.watch(run.run_id) as events:
            await anext(events)
            assert server.in_flight == 0
            assert other_tasks() == set()
            assert clock.waiting == []
            assert currents._channel.memory._total == 0

    async def test_a_failed_poll_keeps_no_response(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        """The traceback of its error would keep half of 3,000 specs during the wait."""
        clock = ManualClock(auto=False)
        run = project.run(specs=3_000)
        server.fail("getRun", fault="truncate")
        async with (
            open_client(server, clock) as currents,
            currents.runs.watch(run.run_id) as events,
        ):
            first = asyncio.create_task(anext(events))
            await until(lambda: clock.waiting)
            failure = events._polls._failure
            assert isinstance(failure, CurrentsError)
            assert failure.__traceback__ is None
            clock.advance(2)
            await first

    async def test_break_leaves_nothing(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=9, completed=3)
        async with currents.runs.watch(run.run_id, timeout=50) as events:
            async for _ in events:
                break
        with pytest.raises(MisuseError, match="inside 'async with'"):
            await anext(events)
        assert clock.waiting == []
        assert len(server.requests) == 1
        assert (await currents.runs.get(run.run_id)).run_id == run.run_id

    async def test_an_error_of_the_consumer_leaves_as_itself(
        self, currents: Currents, project: WorldProject
    ) -> None:
        error = ZeroDivisionError()
        with pytest.raises(ZeroDivisionError) as caught:
            async with currents.runs.watch(project.run().run_id) as events:
                async for _ in events:
                    raise error
        assert caught.value is error
        assert error.__context__ is None

    @pytest.mark.parametrize("where", ["in a wait", "in a poll"])
    async def test_iteration_can_continue_after_a_cancellation(
        self, server: FakeCurrents, project: WorldProject, where: str
    ) -> None:
        clock = ManualClock(auto=False)
        run = project.run(specs=6, completed=2)
        async with (
            open_client(server, clock) as currents,
            currents.runs.watch(run.run_id) as events,
        ):
            arrived = [await anext(events), await anext(events)]
            run.complete()
            waiting = asyncio.create_task(anext(events))
            await until(lambda: clock.waiting)
            if where == "in a poll":
                held = asyncio.Event()
                hold_responses(server, held)
                clock.advance(2)
                await until(held.is_set)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await server.idle()
            assert clock.waiting == []
            assert other_tasks() == set()
            server.before_response = None
            clock.advance(2)
            arrived += [spec async for spec in events]
        assert set(ids_of(arrived)) == {spec.instance_id for spec in run.specs}
        assert len(server.requests) == 2 + (where == "in a poll")

    @pytest.mark.parametrize("where", ["in a wait", "in a poll", "between two"])
    @pytest.mark.parametrize("how", ["watch", "wait"])
    async def test_closing_the_client_ends_it(
        self, server: FakeCurrents, project: WorldProject, where: str, how: str
    ) -> None:
        clock = ManualClock(auto=False)
        run = project.run(specs=6, completed=1)
        async with (
            open_client(server, clock) as currents,
            currents.runs.watch(run.run_id) as events,
        ):
            if where == "between two":
                await anext(events)
                await currents.aclose()
            held = asyncio.Event()
            if where == "in a poll":
                hold_responses(server, held)
            watching = asyncio.create_task(
                collect_all(events) if how == "watch" else currents.runs.wait(run.run_id)
            )
            if where == "in a poll":
                await until(held.is_set)
            elif where == "in a wait":
                await until(lambda: clock.waiting)
            await currents.aclose()
            with pytest.raises(ClientClosedError):
                await asyncio.wait_for(watching, 20)
        assert clock.waiting == []


def hold_responses(server: FakeCurrents, held: asyncio.Event) -> None:
    """Send no more responses, and set an event when a request waits for one."""

    async def hold(_: RecordedRequest) -> None:
        held.set()
        await asyncio.Event().wait()

    server.before_response = hold


async def collect_all(events: RunWatch) -> list[RunSpec]:
    return [spec async for spec in events]
