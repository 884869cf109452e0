"""The spec files explorer.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors". What each number
counts is in `_world/spec_files.py`.
"""

from currents_async._resources.spec_files import GET_SPEC_FILES
from currents_async.testing._serving.call import Call, Route, known_project
from currents_async.testing._serving.filters import contains, read_scope
from currents_async.testing._serving.paging import question, read_sheet
from currents_async.testing._serving.params import Params
from currents_async.testing._serving.replies import Reply
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.spec_files import count_spec_files
from currents_async.testing.world import World

_MOST = 50
_ORDERS = (
    "avgDuration",
    "failedExecutions",
    "failureRate",
    "flakeRate",
    "flakyExecutions",
    "fullyReported",
    "overallExecutions",
    "suiteSize",
    "timeoutExecutions",
    "timeoutRate",
)


def get_spec_files(world: World, call: Call) -> Reply:
    """GET /spec-files/{projectId}: by `avgDuration`, the largest first, unless asked otherwise."""
    asked = Params(call)
    sheet = read_sheet(asked, most=_MOST)
    scope = read_scope(asked)
    order = asked.choice("order", _ORDERS, "avgDuration")
    ascending = asked.choice("dir", ("asc", "desc"), "desc") == "asc"
    name, failed_too = asked.text("specNameFilter"), asked.flag("includeFailedInDuration")
    asked.end()
    project_id = known_project(world, call.path_args["project_id"])

    def count() -> list[Wire]:
        runs = [
            run for run in world.view.runs(project_id) if scope.covers(world.view.occasion(run))
        ]
        files = [
            file
            for file in count_spec_files(runs, scope.groups, failed_in_duration=bool(failed_too))
            if contains(name, [file["spec"]])
        ]
        files.sort(key=lambda file: file["signature"])
        files.sort(key=lambda file: file["metrics"][order], reverse=not ascending)
        return files

    return sheet.reply(world.view.keep(question(call, "getSpecFiles"), count), lambda file: file)


ROUTES = (Route(GET_SPEC_FILES, get_spec_files),)
