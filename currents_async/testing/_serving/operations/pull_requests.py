"""Pull requests of a project, with their recent runs.

Source: `docs/api/operations.md`, "Pull requests", which does not say all that is on a card.
"""

from currents_async._resources.projects import LIST_PROJECT_PULL_REQUESTS
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse
from currents_async.testing._serving.filters import BOOLEAN, fits_globs, has_tags
from currents_async.testing._serving.operations.projects import (
    STATUSES,
    pull_request_of,
    without_specs,
)
from currents_async.testing._serving.paging import read_cursor_request
from currents_async.testing._serving.params import Params
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import parse_iso
from currents_async.testing.world import World, WorldRun

_MAX_LIMIT = 50
_MAX_RUNS = 10
_RUNS = 3


def list_project_pull_requests(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects/{projectId}/pull-requests: a card for each `meta.pr.id` that runs have.

    A pull request is listed if one of its runs matches, with matching runs only; `status` is that
    of the newest of them. Pull requests are in the order of their first runs, the newest first, so
    that another run moves no card. Branches and authors may be patterns with `*`; all tags must be
    there unless `tag_operator` says OR.
    """
    params = Params(request)
    paging = read_cursor_request(params, request, "listProjectPullRequests", max_limit=_MAX_LIMIT)
    max_runs = params.number("runs_per_pr", _RUNS, min_value=1, max_value=_MAX_RUNS)
    tags, every = params.texts("tags[]"), params.choice("tag_operator", BOOLEAN, "AND") == "AND"
    branches, authors = params.texts("branches[]"), params.texts("authors[]")
    statuses = params.choices("status", STATUSES)
    params.end()

    def matches(run: WorldRun) -> bool:
        return (
            has_tags(tags, run.tags, every=every)
            and fits_globs(branches, [run.branch])
            and fits_globs(authors, world.view.context(run).authors)
        )

    found: dict[str, list[WorldRun]] = {}
    first: dict[str, WorldRun] = {}
    for run in world.view.runs(known_project(world, request.path_args["project_id"])):
        number: str | None = pull_request_of(run).get("id")
        if number is not None:
            first[number] = run
            if matches(run):
                found.setdefault(number, []).append(run)
    return paging.respond(
        (
            number
            for number, runs in found.items()
            if not statuses or runs[0].status.upper() in statuses
        ),
        lambda number: (parse_iso(first[number].created_at), number),
        lambda number: _card(found[number], max_runs),
    )


def _card(runs: list[WorldRun], max_runs: int) -> Wire:
    newest = runs[0]
    return {
        "projectId": newest.project_id,
        "pr": pull_request_of(newest),
        "lastRunAt": newest.created_at,
        "runsCount": len(runs),
        "runs": [without_specs(run) for run in runs[:max_runs]],
    }


ROUTES = (Route(LIST_PROJECT_PULL_REQUESTS, list_project_pull_requests),)
