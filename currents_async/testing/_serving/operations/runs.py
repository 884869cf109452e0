"""Runs and instances: a pure function and a row of `ROUTES` for each operation.

Source: `docs/api/operations.md`, "Runs" and "Instances". Where it is silent, the docstring of the
handler says what we chose.
"""

import re
from functools import partial
from typing import Annotated

import msgspec

from currents_async._resources._run_operations import (
    CANCEL_RUN,
    CANCEL_RUN_BY_GITHUB_CI,
    DELETE_RUN,
    FIND_RUN,
    GET_RUN,
    RESET_RUN,
)
from currents_async._resources.instances import GET_INSTANCE
from currents_async.testing._serving.call import Call, Route, read_body
from currents_async.testing._serving.params import Params, no_params
from currents_async.testing._serving.replies import Refusal, Reply
from currents_async.testing._world.facts import Wire
from currents_async.testing.world import World, WorldRun

_COMPLETE = {"COMPLETE", "complete"}
_CANCELED = {"CANCELED", "cancelled"}
_UNFINISHED = {"IN_PROGRESS", "incomplete"}
_PLAYWRIGHT = "pw"
_BRANCH = re.compile(r"[!-)+-~]+\*?")
_LONGEST_BRANCH = 250


def get_run(world: World, call: Call) -> Reply:
    """GET /runs/{runId}."""
    no_params(call)
    return _reply_run(_find_by_id(world, call))


def find_run(world: World, call: Call) -> Reply:
    """GET /runs/find: the most recent complete run that matches all that is asked for.

    A project nobody knows has no such run: 404. `pwLastRun` adds the failed tests of a run of
    Playwright, as `@currents/cmd` reads them.
    """
    asked = Params(call)
    project_id, branch = asked.required("projectId"), asked.text("branch")
    ci_build_id, tags = asked.text("ciBuildId"), asked.texts("tags[]")
    with_failed_tests = asked.flag("pwLastRun")
    asked.end()
    if branch is not None:
        _check_branch(branch)
    matches = [
        run
        for run in world.runs.values()
        if run.project_id == project_id
        and run.completion_state in _COMPLETE
        and set(tags).issubset(run.tags)
        and (run.ci_build_id == ci_build_id if ci_build_id else _on_branch(run, branch))
    ]
    if not matches:
        raise Refusal(404, "Run not found")
    run = max(matches, key=_age)
    if with_failed_tests and world.view.occasion(run).framework == _PLAYWRIGHT:
        return _reply({**run.payload, "pwLastRun": _last_run(world, run)})
    return _reply_run(run)


def cancel_run(world: World, call: Call) -> Reply:
    """PUT /runs/{runId}/cancel; a run that has ended cannot be cancelled: 422."""
    no_params(call)
    return _cancel(_find_by_id(world, call))


def cancel_run_by_github_ci(world: World, call: Call) -> Reply:
    """PUT /runs/cancel-ci/github: the most recent match that is in progress, if one is."""
    no_params(call)
    asked = read_body(call, _GithubCI)
    matches = [
        run
        for run in world.runs.values()
        if run.github_run == (asked.github_run_id, int(asked.github_run_attempt))
        and asked.project_id in {None, run.project_id}
        and asked.ci_build_id in {None, run.ci_build_id}
    ]
    if not matches:
        raise Refusal(404, "Run not found")
    unfinished = [run for run in matches if run.completion_state in _UNFINISHED]
    return _cancel(max(unfinished or matches, key=_age))


def reset_run(world: World, call: Call) -> Reply:
    """PUT /runs/{runId}/reset: take back every spec of these machines; a cancelled run goes on.

    Machines without a spec are no error. The response, which is not documented, is the run's ID and
    the number of specs.
    """
    run = _find_by_id(world, call)
    no_params(call)
    asked = read_body(call, _Reset)
    gone = world.reset(run.run_id, asked.machine_id)
    return _reply({"runId": run.run_id, "specs": len(gone)})


def delete_run(world: World, call: Call) -> Reply:
    """DELETE /runs/{runId}: the run, and its instances with it."""
    no_params(call)
    run = _find_by_id(world, call)
    world.delete(run.run_id)
    return _reply({"runId": run.run_id, "actor": "API Request"})


def get_instance(world: World, call: Call) -> Reply:
    """GET /instances/{instanceId}."""
    no_params(call)
    instance_id = call.path_args["instance_id"]
    version = world.instance_version(instance_id)
    if version is None:
        raise Refusal(404, "Instance not found")
    return Reply(partial(world.instance, instance_id), ("instance", instance_id, version))


ROUTES = (
    Route(GET_RUN, get_run),
    Route(FIND_RUN, find_run),
    Route(CANCEL_RUN, cancel_run),
    Route(CANCEL_RUN_BY_GITHUB_CI, cancel_run_by_github_ci),
    Route(RESET_RUN, reset_run),
    Route(DELETE_RUN, delete_run),
    Route(GET_INSTANCE, get_instance),
)


class _GithubCI(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    github_run_id: str
    github_run_attempt: int | Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,9}$")]
    """The official GitHub Action sends a string."""
    project_id: str | None = None
    ci_build_id: str | None = None


class _Reset(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    machine_id: Annotated[list[str], msgspec.Meta(min_length=1, max_length=63)]
    is_batched: bool = msgspec.field(default=False, name="isBatchedOr8n")
    """Orchestration in batches; makes no difference here."""


def _find_by_id(world: World, call: Call) -> WorldRun:
    run = world.runs.get(call.path_args["run_id"])
    if run is None:
        raise Refusal(404, "Run not found")
    return run


def _reply(data: Wire) -> Reply:
    return Reply(lambda: data)


def _reply_run(run: WorldRun) -> Reply:
    return Reply(lambda: run.payload, ("run", run.run_id, run.version))


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


def _cancel(run: WorldRun) -> Reply:
    if run.completion_state in _CANCELED:
        raise Refusal(422, "Run already cancelled")
    if run.completion_state not in _UNFINISHED:
        raise Refusal(422, "Run already completed")
    return _reply({**run.cancel(), "runId": run.run_id})


def _check_branch(branch: str) -> None:
    if len(branch) > _LONGEST_BRANCH:
        raise Refusal(400, f"branch must have at most {_LONGEST_BRANCH} characters")
    if not _BRANCH.fullmatch(branch):
        raise Refusal(400, "branch must have no spaces, and * only at its end")
