"""Runs: what takes more than one operation, or hands out an answer while it arrives."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar, overload

from currents_async._fanout.plans import InstancePlan, RunPlan, ScheduledSpec
from currents_async._fanout.results import InstanceResults, deadline_of, instances_of
from currents_async._pagination import CursorPager
from currents_async._resources._comparable import (
    MOST_LOOKED_THROUGH,
    askable,
    branch_of,
    first_comparable,
)
from currents_async._resources._run_operations import GET_RUN, SPECS, RunOperations
from currents_async._streams import RunStream
from currents_async._transport import CallOptions, ResponseStream, Transport
from currents_async._watch import INTERVAL, Polls, RunWatch, wait_for_end
from currents_async._wire.array import check_element
from currents_async.analysis import (
    Failure,
    FlakyTest,
    RunDiff,
    RunResults,
    diff_runs,
    failures_of,
    flaky_tests_of,
)
from currents_async.analysis.failures import failure_of_run
from currents_async.errors import InvalidArgumentError
from currents_async.models.common import OnError
from currents_async.models.instances import Instance
from currents_async.models.projects import ListedRun
from currents_async.models.runs import Run, RunSpec

SpecT = TypeVar("SpecT")


class Runs(RunOperations):
    """Runs of a test suite, and the instances they consist of.

    Every method raises `InvalidArgumentError` before anything is sent, an `APIError` by status,
    `TransportError`, `DecodeError` and `ResponseTooLargeError`.
    """

    __slots__ = ("_fetch_instance",)
    _compound = frozenset({
        "stream",
        "instances",
        "get_instances",
        "watch",
        "wait",
        "previous",
        "failures",
        "flaky_tests",
        "diff",
    })

    def __init__(
        self,
        transport: Transport,
        project_id: str | None,
        fetch_instance: Callable[[str, CallOptions], Awaitable[Instance]],
    ) -> None:
        super().__init__(transport, project_id)
        self._fetch_instance = fetch_instance

    @overload
    def stream(self, run_id: str) -> RunStream[RunSpec]: ...

    @overload
    def stream(self, run_id: str, *, spec_type: type[SpecT]) -> RunStream[SpecT]: ...

    def stream(self, run_id: str, *, spec_type: type[Any] = RunSpec) -> RunStream[Any]:
        """Fetch a run and hand out its specs while its body is still arriving.

        ```python
        async with currents.runs.stream(run_id) as specs:
            async for spec in specs:
                ...
            specs.run  # the run without its specs
        ```

        `spec_type` is any `msgspec.Struct` with the fields you need, in the wire's names
        (`rename="camel"`): narrower is faster. Raises as `get` does, on entering or while
        iterating. Specs are handed out before the end of the body has been seen, and with it the
        checksum: where an error follows, they may come from a body that was not sound.
        """
        return RunStream(self._stream(run_id, check_element("spec_type", spec_type)))

    def instances(
        self,
        run_id: str,
        *,
        concurrency: int | None = None,
        timeout: float | None = None,
        on_error: OnError = "raise",
        only: Callable[[RunSpec], bool] | None = None,
    ) -> InstanceResults:
        """Fetch every instance of a run concurrently, each handed out as soon as it is there.

        ```python
        async with currents.runs.instances(run_id) as results:
            async for result in results:
                ...  # result.spec, result.instance, result.error
            results.run
        ```

        At most `concurrency` instances are in flight, and never more than `Limits.concurrency`, the
        default, which also bounds the connections. `Timeouts.total` holds for each request, and
        `timeout` bounds the whole: seconds from entering the context, by default as long as it
        takes. What is not there by then is a `RequestTimeoutError`.

        `only` picks the specs to fetch, for example `lambda spec: spec.failed`. An instance that
        several specs share is fetched once; a spec that no machine has claimed comes as a result
        with neither instance nor error. The first error ends the iteration; with
        `on_error="collect"` it comes as the `error` of its result, and all others come too. Results
        come in order of completion.
        """
        return self._fan_out(
            RunPlan[RunSpec](self._stream(run_id, RunSpec), only),
            concurrency,
            self._deadline(timeout),
            on_error,
        )

    async def get_instances(
        self,
        run_id: str,
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
        only: Callable[[RunSpec], bool] | None = None,
    ) -> list[Instance]:
        """Fetch every instance of a run concurrently, and return them in the order of the specs.

        Takes the arguments of `instances`. Specs that no machine has claimed have no instance and
        are left out. Raises the first error.
        """
        async with self._fan_out(
            # Without a predicate nothing of a spec is needed but where its instance is.
            RunPlan[ScheduledSpec](self._stream(run_id, ScheduledSpec))
            if only is None
            else RunPlan[RunSpec](self._stream(run_id, RunSpec), only),
            concurrency,
            self._deadline(timeout),
            "raise",
        ) as results:
            return instances_of(await results.in_order())

    def watch(
        self, run_id: str, *, timeout: float | None = None, interval: float = INTERVAL
    ) -> RunWatch:
        """Ask for a run until it has ended, and hand out each spec when it has completed.

        ```python
        async with currents.runs.watch(run_id, timeout=3600) as events:
            async for spec in events:
                ...
            events.run  # the run without its specs, as it has ended
        ```

        Each comes once, those first that are complete already, those that never complete not at
        all. One that was reset is executed as another instance, and comes again.

        The run is asked for again `interval` seconds after something was new, and otherwise after
        half as long again each time, up to 30 s; give or take a quarter. Each poll is a call of its
        own. One that fails for a reason that may pass costs time only: a lost connection, a 5xx,
        throttling, an answer that is no JSON. The tenth of them in a row is raised, what will not
        pass at once, and `StillRunningError` when the run has not ended after `timeout` seconds in
        all; by default it is waited for without end.
        """
        return RunWatch(
            Polls(self._transport, run_id, timeout=timeout, interval=interval),
            self._stream(run_id, RunSpec),
        )

    async def wait(
        self,
        run_id: str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
        interval: float = INTERVAL,
    ) -> Run:
        """Wait until a run has ended, and return it with all its specs.

        Asks as `watch` does while nothing is new, and raises as it does.
        """
        request = GET_RUN.request({"run_id": run_id})
        return await wait_for_end(
            Polls(self._transport, run_id, timeout=timeout, interval=interval),
            partial(self._transport.call, request),
        )

    async def previous(self, run: Run | str) -> ListedRun | None:
        """Find the run before this one that it can be compared with, without its specs.

        It is the newest of those that are complete, were created before this run, and have the
        same project, the same branch and exactly the same tags; a run without a branch is compared
        with others without one. A run in progress, cancelled or timed out is none, nor is one that
        was created in the same millisecond. None when there is none among the 500 runs before.
        `run` may be an ID, of a run that is fetched first.

        It is another one than `Run.previous_run_id`, which is the run that this one retries.
        """
        this = run if isinstance(run, Run) else await self.get(run)
        return await first_comparable(this, self._earlier(this))

    async def failures(
        self,
        run_id: str,
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
    ) -> list[Failure]:
        """Fetch what failed in a run: tests, and spec files that did; in the order of the specs.

        Spec files fail that threw, or of which the server counts failures that it does not list.
        Where a failed run lists fewer spec files than it counts, a failure without `test.spec`
        says so at the end. Only instances of specs that failed are fetched. Of a run in progress it
        is what has failed so far. Takes `concurrency` and `timeout`, and raises, as `get_instances`
        does.
        """
        listed = 0

        def failed(spec: RunSpec) -> bool:
            nonlocal listed
            listed += 1
            return spec.failed

        async with self.instances(
            run_id, concurrency=concurrency, timeout=timeout, only=failed
        ) as results:
            found = await results.in_order()
            run = results.run
        specs = [one.spec for one in found if one.spec is not None]
        failures = failures_of(instances_of(found), specs=specs)
        lacking = run.unlisted_specs(listed)
        return [*failures, failure_of_run(run, lacking)] if run.failed and lacking else failures

    async def flaky_tests(
        self,
        run_id: str,
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
    ) -> list[FlakyTest]:
        """Fetch the tests of a run that passed only after a failed attempt, in that order too.

        Only instances of specs that count such tests are fetched. Takes `concurrency` and
        `timeout`, and raises, as `get_instances` does.
        """
        async with self.instances(
            run_id, concurrency=concurrency, timeout=timeout, only=lambda spec: spec.flaky > 0
        ) as results:
            found = await results.in_order()
        specs = [one.spec for one in found if one.spec is not None]
        return flaky_tests_of(instances_of(found), specs=specs)

    async def diff(
        self,
        before_id: str,
        after_id: str,
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
    ) -> RunDiff:
        """Fetch two runs with all their instances, and compare them test by test.

        ```python
        before = await currents.runs.previous(run)
        if before is not None:
            diff = await currents.runs.diff(before.run_id, run.run_id)
        ```

        Tests are told apart as in `analysis.diff_runs`, which does it with what you have fetched
        already. `timeout` bounds both together. Raises as `get_instances` does.
        """
        ends_at = self._deadline(timeout)()
        before = await self._results(before_id, concurrency, ends_at)
        after = await self._results(after_id, concurrency, ends_at)
        await asyncio.sleep(0)  # each takes about 10 ms for 5,000 tests
        return diff_runs(before, after)

    async def _results(self, run_id: str, concurrency: int | None, ends_at: float) -> RunResults:
        plan = RunPlan[RunSpec](self._stream(run_id, RunSpec))
        async with self._fan_out(plan, concurrency, lambda: ends_at, "raise") as results:
            found = await results.in_order()
            return RunResults.of(
                results.run,
                instances_of(found),
                specs=[one.spec for one in found if one.spec is not None],
            )

    def _earlier(self, run: Run) -> CursorPager[ListedRun]:
        """List what may be comparable: the server does not compare tags exactly."""
        if run.created_at is None:
            raise InvalidArgumentError(f"run {run.run_id} does not say when it was created")
        earlier = self.list(
            run.project_id,
            branches=askable(branch_of(run)),
            tags=askable(*run.tags),
            tag_operator="AND",
            completion_state=["COMPLETE"],
            date_end=run.created_at,
        )
        return earlier.limit(MOST_LOOKED_THROUGH)

    def _fan_out(
        self,
        plan: InstancePlan,
        concurrency: int | None,
        ends_at: Callable[[], float],
        on_error: OnError,
    ) -> InstanceResults:
        return InstanceResults(
            plan,
            self._fetch_instance,
            transport=self._transport,
            ends_at=ends_at,
            concurrency=self._concurrency(concurrency),
            on_error=on_error,
        )

    def _deadline(self, timeout: float | None) -> Callable[[], float]:
        return deadline_of(self._transport.channel.clock, timeout)

    def _stream(self, run_id: str, spec_type: type[SpecT]) -> "partial[ResponseStream[SpecT, Run]]":
        """Return what asks for a run, with options made then; a wrong ID raises now."""
        request = GET_RUN.request({"run_id": run_id})
        return partial(self._transport.stream, request, SPECS, spec_type)
