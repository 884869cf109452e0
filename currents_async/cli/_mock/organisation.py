"""The organisation that `mock serve` makes up, and the webhooks of all its projects."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from currents_async.errors import InvalidArgumentError
from currents_async.models import HookEvent
from currents_async.testing import World

_RUNS_OF_A_PULL_REQUEST = 2
_HAS_GONE_ON = timedelta(minutes=5)
"""How long ago a run in progress began: its complete specs take no longer."""
_ANNOTATIONS = [
    ("owner", "Web"),
    ("issue", "WEB-1"),
    ("currents:metric", '{"name": "page load", "value": 812.5, "unit": "ms"}'),
]


def make_organisation(
    *, seed: int, projects: int, runs: int, specs: int, recent: bool = False
) -> World:
    """Make projects with an hourly history of runs, and connect a Jira.

    Every third project is for Cypress. The newest run of each is in progress, unless it is the only
    one. Two runs are of `main`, then two of a pull request, and so on.
    """
    world = World(seed)
    world.jira()
    for number in range(1, projects + 1):
        project = world.project()
        is_cypress = number % 3 == 0
        for index in range(runs):
            age = runs - 1 - index
            in_progress = age == 0 and runs > 1
            pair = index // _RUNS_OF_A_PULL_REQUEST
            pull_request = pair // 2 + 1 if pair % 2 else None
            project.run(
                specs=specs,
                framework="cypress" if is_cypress else "playwright",
                branch="main" if pull_request is None else f"feature/{pull_request}",
                tags=["nightly"] if pull_request is None else ["smoke", "ci"],
                pull_request=pull_request,
                github_run=(str(number * 1_000_000 + index), 1),
                environments=["production" if pull_request is None else "staging"],
                annotations=[] if is_cypress else _ANNOTATIONS,
                running=in_progress,
                unclaimed=specs // 4 if in_progress else 0,
                created_at=_began(age, in_progress=in_progress) if recent else None,
            )
    return world


def _began(hours: int, *, in_progress: bool) -> datetime:
    now = datetime.now(UTC).replace(microsecond=0)
    if in_progress:
        return now - _HAS_GONE_ON
    # From the hour before this one, so that even a complete run has ended by now.
    return now.replace(minute=0, second=0) - timedelta(hours=hours + 1)


def check_urls(option: str, urls: Iterable[str]) -> None:
    """Raise `InvalidArgumentError` for what nothing can be posted to."""
    if not all(url.startswith(("http://", "https://")) for url in urls):
        raise InvalidArgumentError(f"{option} must begin with http:// or https://")


def add_webhooks(world: World, urls: Iterable[str], headers: Mapping[str, str] | None) -> None:
    """Let all events of all projects be posted to URLs."""
    fields = {
        "hookEvents": [*HookEvent],
        "label": "mock serve",
        "headers": None if headers is None else msgspec.json.encode(headers).decode(),
    }
    for project in world.projects:
        for url in urls:
            world.webhooks.add(project.project_id, {"url": url, **fields}, 0)
