"""The organisation that `mock serve` makes up."""

from datetime import UTC, datetime, timedelta

from currents_async.testing import World, WorldProject

_RUNS_OF_A_PULL_REQUEST = 2


def make_organisation(
    *, seed: int, projects: int, runs: int, specs: int, recent: bool = False
) -> World:
    """Make projects with an hourly history of runs, and connect a Jira.

    Every third project is for Cypress. The newest run of each is in progress, unless it is the only
    one.
    """
    world = World(seed)
    world.jira()
    for number in range(1, projects + 1):
        project = world.project()
        for index in range(runs):
            age = runs - 1 - index
            _add_run(
                project,
                number=number,
                index=index,
                specs=specs,
                in_progress=age == 0 and runs > 1,
                created_at=_hours_ago(age) if recent else None,
            )
    return world


def _add_run(
    project: WorldProject,
    *,
    number: int,
    index: int,
    specs: int,
    in_progress: bool,
    created_at: datetime | None,
) -> None:
    """Add a run: two of `main`, then two of a pull request, and so on."""
    pair, _ = divmod(index, _RUNS_OF_A_PULL_REQUEST)
    pull_request = pair // 2 + 1 if pair % 2 else None
    is_cypress = number % 3 == 0
    project.run(
        specs=specs,
        framework="cypress" if is_cypress else "playwright",
        branch="main" if pull_request is None else f"feature/{pull_request}",
        tags=["nightly"] if pull_request is None else ["smoke", "ci"],
        pull_request=pull_request,
        github_run=(str(number * 1_000_000 + index), 1),
        annotations=[] if is_cypress else [("owner", "Web"), ("issue", "WEB-1")],
        running=in_progress,
        unclaimed=specs // 4 if in_progress else 0,
        created_at=created_at,
    )


def _hours_ago(hours: int) -> datetime:
    # From the hour before this one, so that even a complete run has ended by now.
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return now - timedelta(hours=hours + 1)
