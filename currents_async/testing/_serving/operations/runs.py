"""Runs and instances: a pure function and a row of `ROUTES` for each operation.

Source: `docs/api/operations.md`, "Runs" and "Instances". Where it is silent, the docstring of the
handler says what we chose.
"""

import re
from functools import partial
from typing import Annotated

import msgspec

from currents_async._resources._run_requests import (
    CANCEL_RUN,
    CANCEL_RUN_BY_GITHUB_CI,
    DELETE_RUN,
    FIND_RUN,
    GET_RUN,
    RESET_RUN,
)
from currents_async._resources.instances import GET_INSTANCE
from currents_async.testing._serving.api_request import ApiRequest, Route
from currents_async.testing._serving.api_response import ApiResponse, RefusedError, found
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.state import COMPLETION
from currents_async.testing.world import World, WorldRun

_PLAYWRIGHT = "pw"
_BRANCH = re.compile(r"[!-)+-~]+\*?")
_MAX_BRANCH_LENGTH = 250


def get_run(world: World, request: ApiRequest) -> ApiResponse:
    """GET /runs/{runId}."""
    request.end()
    return _run_response(_find_by_id(world, request))


def find_run(world: World, request: ApiRequest) -> ApiResponse:
    """GET /runs/find: the most recent complete run that matches all filters.

    An unknown project has no such run: 404. `pwLastRun` adds the failed tests of a run of
    Playwright, as `@currents/cmd` reads them.
    """
    project_id = request.required("projectId")
    branch = request.text("branch", max_length=_MAX_BRANCH_LENGTH)
    ci_build_id, tags = request.text("ciBuildId"), request.texts("tags[]")
    with_failed_tests = request.flag("pwLastRun")
    request.end()
    if branch is not None and not _BRANCH.fullmatch(branch):
        raise RefusedError(400, "branch must have no spaces, and * only at its end")
    matches = [
        run
        for run in world.runs.values()
        if run.project_id == project_id
        and run.completion_state in COMPLETION["COMPLETE"]
        and set(tags).issubset(run.tags)
        and (run.ci_build_id == ci_build_id if ci_build_id else _on_branch(run, branch))
    ]
    run = found(max(matches, key=_age, default=None), "Run")
    if with_failed_tests and world.view.context(run).framework == _PLAYWRIGHT:
        return ApiResponse({**run.payload, "pwLastRun": _last_run(world, run)})
    return _run_response(run)


def cancel_run(world: World, request: ApiRequest) -> ApiResponse:
    """PUT /runs/{runId}/cancel; a run that has ended cannot be cancelled: 422."""
    request.end()
    return _cancel(_find_by_id(world, request))


def cancel_run_by_github_ci(world: World, request: ApiRequest) -> ApiResponse:
    """PUT /runs/cancel-ci/github: the most recent match that is in progress, if one is."""
    request.end()
    body = request.read_body(_GithubCI)
    matches = [
        run
        for run in world.runs.values()
        if run.github_run == (body.github_run_id, int(body.github_run_attempt))
        and body.project_id in {None, run.project_id}
        and body.ci_build_id in {None, run.ci_build_id}
    ]
    if not matches:
        raise RefusedError(404, "Run not found")
    unfinished = [run for run in matches if run.completion_state in COMPLETION["IN_PROGRESS"]]
    return _cancel(max(unfinished or matches, key=_age))


def reset_run(world: World, request: ApiRequest) -> ApiResponse:
    """PUT /runs/{runId}/reset: take back every spec of these machines; a cancelled run goes on.

    Machines without a spec are not an error. The response, which is not documented, has the run's
    ID and the number of specs.
    """
    run = _find_by_id(world, request)
    request.end()
    body = request.read_body(_Reset)
    gone = world.reset(run.run_id, body.machine_id)
    return ApiResponse({"runId": run.run_id, "specs": len(gone)})


def delete_run(world: World, request: ApiRequest) -> ApiResponse:
    """DELETE /runs/{runId}: the run, and its instances with it."""
    request.end()
    run = _find_by_id(world, request)
    world.delete(run.run_id)
    return ApiResponse({"runId": run.run_id, "actor": "API Request"})


def get_instance(world: World, request: ApiRequest) -> ApiResponse:
    """GET /instances/{instanceId}."""
    request.end()
    instance_id = request.path_args["instance_id"]
    version = found(world.instance_version(instance_id), "Instance")
    return ApiResponse(partial(world.instance, instance_id), ("instance", instance_id, version))


class _GithubCI(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    github_run_id: str
    github_run_attempt: int | Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,9}$")]
    """The official GitHub Action sends a string."""
    project_id: str | None = None
    ci_build_id: str | None = None


class _Reset(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    machine_id: Annotated[list[str], msgspec.Meta(min_length=1, max_length=63)]
    is_batched: bool = msgspec.field(default=False, name="isBatchedOr8n")
    """Whether the orchestration is batched, which makes no difference here."""


def _find_by_id(world: World, request: ApiRequest) -> WorldRun:
    return found(world.runs.get(request.path_args["run_id"]), "Run")


def _run_response(run: WorldRun) -> ApiResponse:
    return ApiResponse(run.payload, ("run", run.run_id, run.version))


def _last_run(world: World, run: WorldRun) -> Wire:
    """Return what Playwright keeps in its `.last-run.json`."""
    failed = [one.test_id for one in world.view.of_run(run) if one.state == "failed"]
    return {"status": "failed" if failed else "passed", "failedTests": failed}


def _age(run: WorldRun) -> tuple[str, int]:
    return run.created_at, run.version


def _on_branch(run: WorldRun, branch: str | None) -> bool:
    if branch is None:
        return True
    if branch.endswith("*"):
        return (run.branch or "").startswith(branch[:-1])
    return run.branch == branch


def _cancel(run: WorldRun) -> ApiResponse:
    if run.completion_state in COMPLETION["CANCELED"]:
        raise RefusedError(422, "Run already cancelled")
    if run.completion_state not in COMPLETION["IN_PROGRESS"]:
        raise RefusedError(422, "Run already completed")
    return ApiResponse({**run.cancel(), "runId": run.run_id})


ROUTES = (
    Route(GET_RUN, get_run),
    Route(FIND_RUN, find_run),
    Route(CANCEL_RUN, cancel_run),
    Route(CANCEL_RUN_BY_GITHUB_CI, cancel_run_by_github_ci),
    Route(RESET_RUN, reset_run),
    Route(DELETE_RUN, delete_run),
    Route(GET_INSTANCE, get_instance),
)
