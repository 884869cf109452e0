"""What `runs` takes."""

from functools import partial
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from currents_async.cli._options import (
    CONNECTION,
    OUTPUT,
    Authors,
    Branches,
    Connection,
    Count,
    Flag,
    Output,
    Tags,
    Yes,
)

runs = App(name="runs", help="Runs of test suites.")

Status = Literal["PASSED", "FAILED", "RUNNING", "FAILING"]
State = Literal["COMPLETE", "IN_PROGRESS", "CANCELED", "TIMEOUT"]
Statuses = Annotated[
    tuple[Status, ...], Parameter(name="--status", negative="", show_default=False)
]
States = Annotated[tuple[State, ...], Parameter(name="--state", negative="", show_default=False)]
Finding = Literal["new", "failing", "flaky", "inconclusive"]
Seconds = Annotated[float, Parameter(validator=Number(gt=0))]


@runs.command(name="list")
def list_runs(
    *,
    project: str | None = None,
    branches: Branches = (),
    tags: Tags = (),
    tag_operator: Literal["AND", "OR"] | None = None,
    authors: Authors = (),
    search: str | None = None,
    pull_request: str | None = None,
    statuses: Statuses = (),
    states: States = (),
    since: str | None = None,
    until: str | None = None,
    limit: Count | None = None,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """List the runs of a project, the newest first, without their specs.

    Parameters
    ----------
    project
        The ID of the project; else CURRENTS_PROJECT_ID, else the profile's.
    branches
        Only runs of this branch; several can be given.
    tags
        Only runs with this tag; several can be given.
    tag_operator
        Whether runs have all of the tags, or any.
    authors
        Only runs of this author's commits; several can be given.
    search
        Only runs whose commit or build has this text.
    pull_request
        Only runs of the pull request with this ID.
    statuses
        Only runs of this status; several can be given.
    states
        Only runs that have got this far; several can be given.
    since
        Only runs from then on: 2026-01-31, 2026-01-31T18:00Z, or 7d for the last 7 days.
    until
        Only runs before, likewise.
    limit
        At most so many; all by default.

    """
    from currents_async.cli._runs import work  # noqa: PLC0415
    from currents_async.cli._session.answer import answer  # noqa: PLC0415

    filters = work.RunFilters(
        project=project,
        branches=branches,
        tags=tags,
        tag_operator=tag_operator,
        authors=authors,
        search=search,
        pull_request=pull_request,
        statuses=statuses,
        states=states,
        since=since,
        until=until,
    )
    return answer(connection, partial(work.list_runs, filters=filters, output=output, limit=limit))


@runs.command
def get(run_id: str, /, *, connection: Connection = CONNECTION, output: Output = OUTPUT) -> int:
    """Fetch a run with all its specs.

    Parameters
    ----------
    run_id
        The run to fetch.

    """
    from currents_async.cli._runs import work  # noqa: PLC0415
    from currents_async.cli._session.answer import answer  # noqa: PLC0415

    return answer(connection, partial(work.get, run_id=run_id, output=output))


@runs.command
def find(
    *,
    project: str | None = None,
    branch: str | None = None,
    tags: Tags = (),
    ci_build_id: str | None = None,
    last_failed: Flag = False,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Find the newest complete run that matches; exit code 3 when there is none.

    Parameters
    ----------
    project
        The ID of the project; else CURRENTS_PROJECT_ID, else the profile's.
    branch
        A branch, or a prefix and `*`.
    tags
        A tag that the run has; several can be given.
    ci_build_id
        The CI build of the run; not beside --branch.
    last_failed
        Ask for the failed tests of the last Playwright run.

    """
    from currents_async.cli._runs import work  # noqa: PLC0415
    from currents_async.cli._session.answer import answer  # noqa: PLC0415

    return answer(
        connection,
        partial(
            work.find,
            project=project,
            branch=branch,
            tags=tags,
            ci_build_id=ci_build_id,
            last_failed=last_failed,
            output=output,
        ),
    )


@runs.command
def watch(
    run_id: str,
    /,
    *,
    timeout: Seconds | None = None,
    interval: Seconds = 2,
    fail_on: Literal["failed"] | None = None,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Print the specs of a run as they complete, until the run has ended.

    Parameters
    ----------
    run_id
        The run to watch.
    timeout
        Seconds to wait at most; then the exit code is 1.
    interval
        Seconds between two looks at a run that gets on.
    fail_on
        With `failed`, the exit code is 6 when the run has not passed.

    """
    from currents_async.cli._runs.watching import watch_run  # noqa: PLC0415
    from currents_async.cli._session.answer import answer  # noqa: PLC0415

    return answer(
        connection,
        partial(
            watch_run,
            run_id=run_id,
            timeout=timeout,
            interval=interval,
            fail_on_failure=fail_on is not None,
            output=output,
        ),
    )


@runs.command
def cancel(
    run_id: str,
    /,
    *,
    yes: Yes = False,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Cancel a run in progress. Asks first; where there is no terminal it needs --yes.

    Parameters
    ----------
    run_id
        The run to cancel.
    yes
        Do not ask.

    """
    from currents_async.cli._runs import work  # noqa: PLC0415
    from currents_async.cli._session.answer import answer  # noqa: PLC0415

    return answer(connection, partial(work.cancel, run_id=run_id, yes=yes, output=output))


@runs.command
def diff(
    first: str,
    second: str | None = None,
    /,
    *,
    fail_on: Annotated[tuple[Finding, ...], Parameter(negative="", show_default=False)] = (),
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Compare two runs test by test, and print what has changed or fails.

    Parameters
    ----------
    first
        The earlier run; given alone, the later one, which is compared with the newest complete run
        before it of the same branch and tags.
    second
        The later run.
    fail_on
        The exit code is 6 when there is such a finding: `new` failures; `failing`, be it new or
        not; `flaky` that was not; `inconclusive` when not everything could be compared. Several can
        be given.

    """
    from currents_async.cli._runs.comparing import compare  # noqa: PLC0415
    from currents_async.cli._session.answer import answer  # noqa: PLC0415

    return answer(
        connection,
        partial(compare, first=first, second=second, fail_on=fail_on, output=output),
    )
