"""What `tests` takes."""

from functools import partial
from typing import Annotated, Literal

from cyclopts import App, Parameter

from currents_async.cli._options import (
    CONNECTION,
    OUTPUT,
    Authors,
    Branches,
    Connection,
    Count,
    Output,
    Tags,
    Texts,
)

tests = App(name="tests", help="Tests over a span of time.")

Order = Literal[
    "failures",
    "passes",
    "flakiness",
    "flakinessXSamples",
    "failRateXSamples",
    "duration",
    "durationDelta",
    "flakinessRateDelta",
    "failureRateDelta",
    "durationXSamples",
    "executions",
    "title",
]


@tests.command(name="list")
def list_tests(
    *,
    project: str | None = None,
    since: str = "14d",
    until: str = "0m",
    branches: Branches = (),
    tags: Tags = (),
    authors: Authors = (),
    order: Order | None = None,
    direction: Literal["asc", "desc"] | None = None,
    spec: str | None = None,
    title: str | None = None,
    min_executions: Count | None = None,
    limit: Count | None = None,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """List the tests of a project, and how each fared.

    Parameters
    ----------
    project
        The ID of the project; else CURRENTS_PROJECT_ID, else the profile's.
    since
        Only executions from then on: 2026-01-31, 2026-01-31T18:00Z, or 7d for the last 7 days.
    until
        Only executions before, likewise.
    branches
        Only executions on this branch; several can be given.
    tags
        Only executions with this tag; several can be given.
    authors
        Only executions of this author's commits; several can be given.
    order
        What the list is sorted by.
    direction
        Which way it is sorted.
    spec
        Only tests of spec files with this text in their path.
    title
        Only tests with this text in their title.
    min_executions
        Only tests that were executed so often.
    limit
        At most so many; all by default.

    """
    from currents_async.cli._answer import answer  # noqa: PLC0415
    from currents_async.cli._tests import work  # noqa: PLC0415

    filters = work.Filters(
        project=project,
        since=since,
        until=until,
        branches=branches,
        tags=tags,
        authors=authors,
        order=order,
        direction=direction,
        spec=spec,
        title=title,
        min_executions=min_executions,
    )
    return answer(connection, partial(work.list_tests, filters=filters, output=output, limit=limit))


@tests.command
def history(
    signature: str | None = None,
    /,
    *,
    spec: str | None = None,
    titles: Annotated[Texts, Parameter(name="--title")] = (),
    project: str | None = None,
    since: str = "30d",
    until: str = "0m",
    branches: Branches = (),
    group_id: str | None = None,
    most: Count = 500,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Print the last results of a test, the newest first, and how it fares on stderr.

    Parameters
    ----------
    signature
        What tells the test from others, as `tests list` prints it. Else --spec and --title.
    spec
        The path of the test's spec file.
    titles
        The test's title; or those of the suites around it and then its own, one after the other.
    project
        The project of --spec and --title; else CURRENTS_PROJECT_ID, else the profile's.
    since
        Only results from then on: 2026-01-31, 2026-01-31T18:00Z, or 7d for the last 7 days.
    until
        Only results before, likewise.
    branches
        Only results of this branch; several can be given.
    group_id
        Only results of this group.
    most
        How many results are looked at.

    """
    from currents_async.cli._answer import answer  # noqa: PLC0415
    from currents_async.cli._tests import work  # noqa: PLC0415

    return answer(
        connection,
        partial(
            work.history,
            wanted=work.WantedTest(signature, spec, titles, project),
            since=since,
            until=until,
            branches=branches,
            group_id=group_id,
            most=most,
            output=output,
        ),
    )
