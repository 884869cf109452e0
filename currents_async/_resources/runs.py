"""Runs, of which everything else is a part: /runs/… and GET /projects/{projectId}/runs."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar, overload

from currents_async._fanout.plans import InstancePlan, RunPlan, ScheduledSpec
from currents_async._fanout.pool import OnProgress
from currents_async._fanout.results import InstanceResults, deadline_of, instances_of
from currents_async._pagination import PAGE_SIZE, CursorPager
from currents_async._resources._group import compound
from currents_async._resources._run_analysis import (
    MAX_EARLIER_RUNS,
    branch_of,
    created_at,
    fetch_diff,
    fetch_failures,
    fetch_flaky_tests,
    first_comparable,
    usable_as_filters,
)
from currents_async._resources._run_attachments import RunFiles
from currents_async._resources._run_requests import (
    CANCEL_RUN,
    CANCEL_RUN_BY_GITHUB_CI,
    DELETE_RUN,
    FIND_RUN,
    GET_RUN,
    LIST_PROJECT_RUNS,
    RESET_RUN,
    SPECS,
    find_query,
    github_ci_body,
    reset_body,
)
from currents_async._streams import RunStream
from currents_async._transport import CallOptions, ResponseStream, Transport
from currents_async._watch import INTERVAL, Polls, RunWatch, wait_for_end
from currents_async._wire.array import check_element
from currents_async._wire.filters import Filters, Moment, check_pr_id
from currents_async.analysis import Failure, FlakyTest, RunDiff
from currents_async.models.common import OnError, TagOperator
from currents_async.models.instances import Instance
from currents_async.models.projects import ListedRun
from currents_async.models.runs import (
    CompletionStateFilter,
    DeletedRun,
    Run,
    RunCancellation,
    RunSpec,
    RunStatusFilter,
)

SpecT = TypeVar("SpecT")


class Runs(RunFiles):
    """Runs of a test suite, and the instances they consist of."""

    __slots__ = ("_fetch_instance",)

    def __init__(
        self,
        transport: Transport,
        project_id: str | None,
        fetch_instance: Callable[[str, CallOptions], Awaitable[Instance]],
    ) -> None:
        super().__init__(transport, project_id)
        self._fetch_instance = fetch_instance

    async def get(self, run_id: str, *, fresh: bool = False) -> Run:
        """Fetch a run with all its specs.

        With `fresh` from the server also if it is in the `cache` of the client, whose instances of
        this run are then fetched anew, too, when they are needed.

        Raises `NotFoundError`, and `PayloadTooLargeError` when the run, compressed, is over the
        1 MB that the API sends.
        """
        request = GET_RUN.request({"run_id": run_id})
        return await self._transport.call(request, self._transport.options(fresh=fresh))

    async def find(
        self,
        project_id: str | None = None,
        *,
        ci_build_id: str | None = None,
        branch: str | None = None,
        tags: Sequence[str] = (),
        pw_last_run: bool | None = None,
    ) -> Run:
        """Fetch the most recent completed run that matches, with all its specs.

        `project_id` defaults to the client's. `branch` is an exact name, or a prefix and `*` as in
        `release/*`, of at most 250 characters; it cannot be combined with `ci_build_id`, beside
        which the API ignores it. `pw_last_run` asks for `Run.last_run`, the failed tests of a run
        of Playwright. Raises `NotFoundError` when no run matches.
        """
        query = find_query(self._project(project_id), ci_build_id, branch, tags, pw_last_run)
        return await self._transport.call(FIND_RUN.request(query=query))

    async def cancel(self, run_id: str) -> RunCancellation:
        """Cancel a run in progress.

        Raises `AlreadyCancelledError` when it had been cancelled before. Only the run's ID is set
        if the server sends nothing else, or an earlier attempt, whose response was lost, turns out
        to have cancelled the run.
        """
        return await self._transport.call(
            CANCEL_RUN.request({"run_id": run_id}), already=RunCancellation(run_id=run_id)
        )

    async def cancel_github_ci(
        self,
        github_run_id: str,
        attempt: int,
        *,
        project_id: str | None = None,
        ci_build_id: str | None = None,
    ) -> RunCancellation:
        """Cancel the run that a GitHub Actions workflow started.

        `github_run_id` and `attempt` are GitHub's `github.run_id` and `github.run_attempt`, the
        latter counting from 1. `project_id` and `ci_build_id` narrow the search; the client's
        default project does not.
        """
        body = github_ci_body(github_run_id, attempt, project_id, ci_build_id)
        return await self._transport.call(
            CANCEL_RUN_BY_GITHUB_CI.request(body=body), already=RunCancellation()
        )

    async def reset(
        self,
        run_id: str,
        machine_ids: Sequence[str],
        *,
        batched: bool | None = None,
        retry_ambiguous: bool = False,
    ) -> dict[str, object]:
        """Reset the failed specs of 1 to 63 machines, so that they can be executed again.

        `batched` says whether the run is orchestrated in batches (`isBatchedOr8n`). Returns the
        server's response, whose fields the API does not document, and which may be empty. Raises
        `AmbiguousError` when it is unknown whether the run was reset; with `retry_ambiguous=True`
        the request is sent again instead.
        """
        body = reset_body(machine_ids, batched)
        request = RESET_RUN.request({"run_id": run_id}, body=body)
        return await self._write(request, already={}, retry_ambiguous=retry_ambiguous)

    async def delete(self, run_id: str) -> DeletedRun:
        """Delete a run and everything that belongs to it, for good.

        Only the run's ID is set if the server sends nothing else, or an earlier attempt, whose
        response was lost, turns out to have deleted the run.
        """
        return await self._transport.call(
            DELETE_RUN.request({"run_id": run_id}), already=DeletedRun(run_id=run_id)
        )

    @overload
    def stream(self, run_id: str) -> RunStream[RunSpec]: ...

    @overload
    def stream(self, run_id: str, *, spec_type: type[SpecT]) -> RunStream[SpecT]: ...

    @compound
    def stream(self, run_id: str, *, spec_type: type[Any] = RunSpec) -> RunStream[Any]:
        """Fetch a run, and hand out its specs while its body is still arriving.

        ```python
        async with currents.runs.stream(run_id) as specs:
            async for spec in specs:
                ...
            specs.run  # the run without its specs
        ```

        `spec_type` is any `msgspec.Struct` with the fields you need, in the wire's names
        (`rename="camel"`): the fewer, the faster. Raises as `get` does, on entering or while
        iterating. Specs are handed out before the end of the body, and its checksum, have been
        seen: if an error follows, they may come from a corrupt body.
        """
        return RunStream(self._stream(run_id, check_element("spec_type", spec_type)))

    @compound
    def instances(
        self,
        run_id: str,
        *,
        concurrency: int | None = None,
        timeout: float | None = None,
        on_error: OnError = "raise",
        only: Callable[[RunSpec], bool] | None = None,
    ) -> InstanceResults:
        """Fetch every instance of a run concurrently, and hand out each as soon as it arrives.

        ```python
        async with currents.runs.instances(run_id) as results:
            async for result in results:
                ...  # result.spec, result.instance, result.error
            results.run
        ```

        At most `concurrency` instances are in flight, and never more than `Limits.concurrency`, the
        default, which also bounds the connections. `Timeouts.total` applies to each request, and
        `timeout` to the whole: seconds from entering the context, by default without end. What has
        not arrived by then is a `RequestTimeoutError`.

        `only` selects the specs to fetch, for example `lambda spec: spec.failed`. An instance that
        several specs share is fetched once; a spec that no machine has claimed has a result with
        neither instance nor error. The first error ends the iteration; with `on_error="collect"` it
        is the `error` of its result, and all other results follow. Results come in order of
        completion.
        """
        return self._fan_out(
            RunPlan[RunSpec](self._stream(run_id, RunSpec), only),
            concurrency,
            self._deadline(timeout),
            on_error,
        )

    @compound
    async def get_instances(
        self,
        run_id: str,
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
        only: Callable[[RunSpec], bool] | None = None,
        on_progress: OnProgress | None = None,
    ) -> list[Instance]:
        """Fetch every instance of a run concurrently, and return them in the order of the specs.

        Takes the arguments of `instances`. Specs that no machine has claimed have no instance and
        are left out. `on_progress` is called with a `Progress` after each instance. Raises the
        first error.
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
            return instances_of(await results.in_order(on_progress=on_progress))

    @compound
    def watch(
        self, run_id: str, *, timeout: float | None = None, interval: float = INTERVAL
    ) -> RunWatch:
        """Poll a run until it has ended, and hand out each spec when it has completed.

        ```python
        async with currents.runs.watch(run_id, timeout=3600) as events:
            async for spec in events:
                ...
            events.run  # the run without its specs, as it has ended
        ```

        Each spec comes once: first those that are complete already. Those that never complete do
        not come. A spec that was reset is executed as another instance, and comes again.

        The run is polled again `interval` seconds after something was new, and otherwise after half
        as long again each time, up to 30 s; give or take a quarter. Each poll is a call of its own.
        A poll may fail for a reason that passes: a lost connection, a 5xx, throttling, a response
        that is not JSON. The tenth such failure in a row is raised, and any other error at once.
        Raises `StillRunningError` when the run has not ended after `timeout` seconds in all, by
        default never.
        """
        return RunWatch(
            Polls(self._transport, run_id, timeout=timeout, interval=interval),
            self._stream(run_id, RunSpec),
        )

    @compound
    async def wait(
        self,
        run_id: str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
        interval: float = INTERVAL,
    ) -> Run:
        """Wait until a run has ended, and return it with all its specs.

        Polls as `watch` does while nothing is new, and raises as it does.
        """
        request = GET_RUN.request({"run_id": run_id})
        return await wait_for_end(
            Polls(self._transport, run_id, timeout=timeout, interval=interval),
            partial(self._transport.call, request),
        )

    @compound
    async def previous(self, run: Run | str) -> ListedRun | None:
        """Find the run before this one that it can be compared with, without its specs.

        It is the newest complete run that was created before this one and has the same project, the
        same branch and exactly the same tags; a run without a branch is compared with others
        without one. Runs in progress, cancelled or timed out do not count, nor does one that was
        created in the same millisecond. None if none of the 500 runs before is comparable. `run`
        may be an ID; then that run is fetched first.

        Not `Run.previous_run_id`, which is the run that this one retries.
        """
        this = run if isinstance(run, Run) else await self.get(run)
        earlier = self.list(
            this.project_id,
            # The server does not compare tags exactly.
            branches=usable_as_filters(branch_of(this)),
            tags=usable_as_filters(*this.tags),
            tag_operator="AND",
            completion_state=["COMPLETE"],
            date_end=created_at(this),
        )
        return await first_comparable(this, earlier.limit(MAX_EARLIER_RUNS))

    @compound
    async def failures(
        self,
        run_id: str,
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
        on_progress: OnProgress | None = None,
    ) -> list[Failure]:
        """Fetch what failed in a run: tests and spec files, in the order of the specs.

        A spec file failed if it threw, or if the server counts failures in it that it does not
        list. If a failed run lists fewer spec files than it counts, a failure without `test.spec`
        at the end says so. Only instances of specs that failed are fetched. Of a run in progress,
        returns what has failed so far. Takes `concurrency`, `timeout` and `on_progress`,
        and raises, as `get_instances` does.
        """
        return await fetch_failures(
            partial(self.instances, run_id, concurrency=concurrency, timeout=timeout), on_progress
        )

    @compound
    async def flaky_tests(
        self,
        run_id: str,
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
        on_progress: OnProgress | None = None,
    ) -> list[FlakyTest]:
        """Fetch the tests of a run that passed after a failed attempt, in the order of the specs.

        Only instances of specs that count such tests are fetched. Takes `concurrency`, `timeout`
        and `on_progress`, and raises, as `get_instances` does.
        """
        return await fetch_flaky_tests(
            partial(self.instances, run_id, concurrency=concurrency, timeout=timeout), on_progress
        )

    @compound
    async def diff(
        self,
        before_id: str,
        after_id: str,
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
        on_progress: OnProgress | None = None,
    ) -> RunDiff:
        """Fetch two runs with all their instances, and compare them test by test.

        ```python
        before = await currents.runs.previous(run)
        if before is not None:
            diff = await currents.runs.diff(before.run_id, run.run_id)
        ```

        Tests are matched as in `analysis.diff_runs`, which compares runs that you have fetched
        already. `timeout` bounds both together, and `on_progress` counts both: the `total` is known
        once the later run has been listed. Raises as `get_instances` does.
        """
        ends_at = self._deadline(timeout)()

        def fetch(run_id: str) -> InstanceResults:
            plan = RunPlan[RunSpec](self._stream(run_id, RunSpec))
            return self._fan_out(plan, concurrency, lambda: ends_at, "raise")

        return await fetch_diff(fetch(before_id), fetch(after_id), on_progress)

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
        """Return what sends the request later; an invalid ID is refused now."""
        request = GET_RUN.request({"run_id": run_id})
        return partial(self._transport.stream, request, SPECS, spec_type)

    def list(
        self,
        project_id: str | None = None,
        *,
        tags: Sequence[str] = (),
        branches: Sequence[str] = (),
        authors: Sequence[str] = (),
        environments: Sequence[str] = (),
        tag_operator: TagOperator | None = None,
        search: str | None = None,
        pr_id: str | None = None,
        status: Sequence[RunStatusFilter] = (),
        completion_state: Sequence[CompletionStateFilter] = (),
        date_start: Moment | None = None,
        date_end: Moment | None = None,
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        reverse: bool = False,
        prefetch: bool = False,
    ) -> CursorPager[ListedRun]:
        """List the runs of a project, the newest first, without their specs.

        `project_id` defaults to the client's. Runs of any of the `environments` are listed.
        `search`, of at most 200 characters, ignores case and looks at the CI build ID, the commit's
        message, branch, SHA and author, the pull request's title, number and branches, and the
        run's tags, environments, framework and browser. `pr_id` is `run.meta.pr.id`: 1 to 128
        printable ASCII characters without spaces. Datetimes need a time zone. `page_size` is at
        most 100. `start` is a cursor or a resume token to continue after; with `reverse` the list
        goes from there towards the newest. Source: `docs/api/operations.md`, "Projects".
        """
        query = (
            Filters()
            .lists(tags=tags, branches=branches, authors=authors, environments=environments)
            .choice("tag_operator", tag_operator, TagOperator)
            .search(search, max_length=200)
            .text("pr_id", pr_id, check_pr_id)
            .choices("status", status, RunStatusFilter)
            .choices("completion_state", completion_state, CompletionStateFilter)
            .open_span(date_start, date_end)
            .query
        )
        listing = self._listing(LIST_PROJECT_RUNS, query, project_id=self._project(project_id))
        return CursorPager(
            listing, page_size=page_size, start=start, reverse=reverse, prefetch=prefetch
        )
