"""The requests of `runs`: their wire facts, and the bodies and queries that take some work.

Source: `docs/api/operations.md`, "Runs".
"""

from collections.abc import Sequence
from functools import partial

from currents_async._checks import check_branch, check_flag, check_int, check_text, check_texts
from currents_async._wire.array import ArrayField
from currents_async._wire.endpoint import Endpoint, Query
from currents_async._wire.fields import Fields, given
from currents_async._wire.filters import Filters
from currents_async._wire.lasting import lasting_run
from currents_async.errors import AlreadyCancelledError, InvalidArgumentError, NotFoundError
from currents_async.models.pages import CursorPage
from currents_async.models.projects import ListedRun
from currents_async.models.runs import DeletedRun, Run, RunCancellation, RunSpec

SPECS = ArrayField(("specs",), RunSpec)

GET_RUN = Endpoint("getRun", "GET", "/runs/{run_id}", Run, (SPECS,), lasting=lasting_run)
FIND_RUN = Endpoint(
    "findRun",
    "GET",
    "/runs/find",
    Run,
    (SPECS,),
    hints=((404, "no complete run matches, or the project is of another organization"),),
)
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
    "listProjectRuns", "GET", "/projects/{project_id}/runs", CursorPage[ListedRun], max_limit=100
)


def find_query(
    project_id: str,
    ci_build_id: str | None,
    branch: str | None,
    tags: Sequence[str],
    pw_last_run: bool | None,  # noqa: FBT001 - as the caller gave it
) -> Query:
    if ci_build_id is not None and branch is not None:
        raise InvalidArgumentError(
            "pass either ci_build_id or branch, not both: the API ignores branch"
        )
    return (
        Filters()
        .text("project_id", project_id, wire="projectId")
        .text("ci_build_id", ci_build_id, wire="ciBuildId")
        .text("branch", branch, check_branch)
        .lists(tags=tags)
        .flag("pw_last_run", pw_last_run, wire="pwLastRun")
        .query
    )


def github_ci_body(
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


def reset_body(machine_ids: Sequence[str], batched: bool | None) -> dict[str, object]:  # noqa: FBT001
    """Return the body of `RESET_RUN`, which takes 1 to 63 machine IDs."""
    check_ids = partial(check_texts, min_items=1, max_items=63)
    return (
        Fields()
        .put("machine_ids", machine_ids, check_ids, wire="machineId")
        .put("batched", given(batched), check_flag, wire="isBatchedOr8n")
        .body
    )
