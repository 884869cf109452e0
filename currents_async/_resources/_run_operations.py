"""Runs, one operation at a time: GET, PUT and DELETE /runs/….

Source: `docs/api/operations.md`, "Runs".
"""

from collections.abc import Sequence
from functools import partial
from typing import get_args

from currents_async._checks import check_branch, check_flag, check_int, check_text, check_texts
from currents_async._pagination import PAGE_SIZE, CursorPager
from currents_async._resources._group import Group
from currents_async._wire.array import ArrayField
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.fields import Fields, given
from currents_async._wire.filters import Filters, Moment
from currents_async._wire.query import Query
from currents_async.errors import AlreadyCancelledError, InvalidArgumentError, NotFoundError
from currents_async.models.common import TagOperator
from currents_async.models.pages import CursorPage
from currents_async.models.projects import ListedRun
from currents_async.models.runs import (
    CompletionStateFilter,
    DeletedRun,
    Run,
    RunCancellation,
    RunSpec,
    RunStatusFilter,
)

SPECS = ArrayField(("specs",), RunSpec)

GET_RUN = Endpoint("getRun", "GET", "/runs/{run_id}", Run, SPECS)
FIND_RUN = Endpoint("findRun", "GET", "/runs/find", Run, SPECS)
CANCEL_RUN = Endpoint(
    "cancelRun",
    "PUT",
    "/runs/{run_id}/cancel",
    RunCancellation,
    idempotent=True,
    already=AlreadyCancelledError,
)
CANCEL_RUN_BY_GITHUB_CI = Endpoint(
    "cancelRunByGithubCI",
    "PUT",
    "/runs/cancel-ci/github",
    RunCancellation,
    idempotent=True,
    already=AlreadyCancelledError,
)
RESET_RUN = Endpoint("resetRun", "PUT", "/runs/{run_id}/reset", dict[str, object])
DELETE_RUN = Endpoint("deleteRun", "DELETE", "/runs/{run_id}", DeletedRun, already=NotFoundError)
LIST_PROJECT_RUNS = Endpoint(
    "listProjectRuns", "GET", "/projects/{project_id}/runs", CursorPage[ListedRun]
)


class RunOperations(Group):
    """What can be done with runs by one operation each."""

    __slots__ = ()

    async def get(self, run_id: str) -> Run:
        """Fetch a run with all its specs.

        Raises `NotFoundError`, and `PayloadTooLargeError` when the run, compressed, is over the
        1 MB that the API sends.
        """
        return await self._transport.call(GET_RUN.request({"run_id": run_id}))

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

        `project_id` defaults to the client's. `branch` is an exact name or a prefix and `*`, as in
        `release/*`, of at most 250 characters, and not to be combined with `ci_build_id`, which
        the API would let win. `pw_last_run` asks for the failed tests of the last Playwright run.
        Raises `NotFoundError` when no run matches.
        """
        query = _find_query(self._project(project_id), ci_build_id, branch, tags, pw_last_run)
        return await self._transport.call(FIND_RUN.request(query=query))

    async def cancel(self, run_id: str) -> RunCancellation:
        """Cancel a run in progress.

        Raises `AlreadyCancelledError` when it had been cancelled before. Where it turns out that
        an attempt whose answer was lost has cancelled it, or the server tells no more, the answer
        has no more than the run's ID.
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
        body = _github_ci_body(github_run_id, attempt, project_id, ci_build_id)
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
        server's response, whose fields the API does not document, and of which it may send none.
        Raises `AmbiguousError` when it may have been carried out, and is not known to have been;
        `retry_ambiguous=True` sends it again instead.
        """
        body = _reset_body(machine_ids, batched)
        options = self._transport.options(repeat_writes=retry_ambiguous)
        request = RESET_RUN.request({"run_id": run_id}, body=body)
        return await self._transport.call(request, options, already={})

    async def delete(self, run_id: str) -> DeletedRun:
        """Delete a run and everything that belongs to it, for good.

        Where it turns out that an attempt whose answer was lost has deleted it, or the server tells
        no more, the answer has no more than the run's ID.
        """
        return await self._transport.call(
            DELETE_RUN.request({"run_id": run_id}), already=DeletedRun(run_id=run_id)
        )

    # The last one: from here on `list` is no longer the built-in type.

    def list(
        self,
        project_id: str | None = None,
        *,
        tags: Sequence[str] = (),
        branches: Sequence[str] = (),
        authors: Sequence[str] = (),
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

        `project_id` defaults to the client's. `search` has at most 200 characters. Datetimes need
        a time zone. `start` is a cursor or a resume token, to go on behind it; with `reverse` the
        list goes from there towards the newest. Source:
        `docs/api/operations.md`, "Projects".
        """
        filters = (
            Filters()
            .lists(tags=tags, branches=branches, authors=authors)
            .choice("tag_operator", tag_operator, get_args(TagOperator))
            .text("search", search, max_length=200)
            .text("pr_id", pr_id)
            .choices("status", status, get_args(RunStatusFilter))
            .choices(
                "completion_state",
                completion_state,
                get_args(CompletionStateFilter),
            )
            .moment("date_start", date_start)
            .moment("date_end", date_end)
        )
        return self._cursor_pager(
            LIST_PROJECT_RUNS,
            {"project_id": self._project(project_id)},
            filters.query,
            page_size=page_size,
            start=start,
            reverse=reverse,
            prefetch=prefetch,
        )


def _find_query(
    project_id: str,
    ci_build_id: str | None,
    branch: str | None,
    tags: Sequence[str],
    pw_last_run: bool | None,  # noqa: FBT001 - as the caller gave it
) -> Query:
    if ci_build_id is not None and branch is not None:
        raise InvalidArgumentError("pass ci_build_id or branch: the API ignores branch beside it")
    return (
        Filters()
        .text("project_id", project_id, wire="projectId")
        .text("ci_build_id", ci_build_id, wire="ciBuildId")
        .text("branch", None if branch is None else check_branch("branch", branch))
        .lists(tags=tags)
        .flag("pw_last_run", pw_last_run, wire="pwLastRun")
        .query
    )


def _github_ci_body(
    github_run_id: str, attempt: int, project_id: str | None, ci_build_id: str | None
) -> dict[str, object]:
    return (
        Fields()
        .put("github_run_id", github_run_id, check_text, wire="githubRunId")
        .put("attempt", attempt, check_int, wire="githubRunAttempt")
        .put("project_id", given(project_id), check_text, wire="projectId")
        .put("ci_build_id", given(ci_build_id), check_text, wire="ciBuildId")
        .body
    )


def _reset_body(machine_ids: Sequence[str], batched: bool | None) -> dict[str, object]:  # noqa: FBT001
    # resetRun takes 1 to 63 machine IDs: `docs/api/openapi-runs-instances.json`, "ResetRunRequest".
    check_ids = partial(check_texts, min_items=1, max_items=63)
    return (
        Fields()
        .put("machine_ids", machine_ids, check_ids, wire="machineId")
        .put("batched", given(batched), check_flag, wire="isBatchedOr8n")
        .body
    )
