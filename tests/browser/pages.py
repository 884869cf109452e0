"""Pages of all kinds, from seeded worlds: each test of the browser looks at each of them."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache, partial
from typing import Any, NamedTuple

from msgspec.structs import replace

from currents_async.analysis import (
    BranchTrend,
    HeatMap,
    HeatMapSpan,
    RunDetails,
    TrendFigures,
    Trends,
    diff_runs,
    timeline_of,
)
from currents_async.analysis.artifacts import url_of
from currents_async.reports import diff_html, heat_map_html, run_html, trends_html
from currents_async.reports._markup import foreign, foreign_block, tag
from currents_async.reports._page import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    Column,
    facts,
    figure,
    folded,
    link,
    page,
    section,
    table,
)
from currents_async.reports._timeline import timeline_figure
from currents_async.testing import World
from tests.reports.made import (
    HOSTILE,
    details_of,
    hostile_details,
    odd_details,
    two_details,
    world_details,
)


class Made(NamedTuple):
    """A page, and what a browser should find in it."""

    name: str
    make: Callable[[], str]
    bars: int = 0
    """How many bars its pictures have."""
    has_hostile_texts: bool = False
    has_pictures: bool = False
    """Of the artifacts beside it."""
    has_script: bool = False
    """And styles."""
    is_variation: bool = False
    """Looks much as another one does: it is opened, but not looked at."""


def skeleton() -> str:
    """Return a page of the parts that all pages are made of, with hostile texts in each."""
    columns = ("Test", "Error", Column("Time", "right"))
    rows = [(foreign(text), foreign(text), "4.2 s") for text in HOSTILE]
    colors = (GREEN, RED, ORANGE, BLUE, GREY)
    bars = [_bar(HOSTILE[number], 160.0 * number, color) for number, color in enumerate(colors)]
    return page(
        HOSTILE[0],
        tag("h1", foreign(HOSTILE[0])),
        facts([("Branch", foreign(HOSTILE[3])), ("Run", link("https://a.example/r", "r"))]),
        section(
            "Timeline",
            figure("Timeline", tag("g", *bars), "When each ran.", width=800, height=40),
            folded("The same as a table", table("Specs", columns, rows)),
            id_="timeline",
        ),
        section(
            "Failures",
            *(folded(foreign(text), foreign_block(text)) for text in HOSTILE),
            id_="failures",
        ),
    )


def _bar(text: str, x: float, color: str) -> str:
    shape = tag("rect", x=x, width=150, height=30, fill=color)
    return tag("g", tag("title", foreign(text)), shape, class_="bar")


def heat_map(*, span: HeatMapSpan, runs: int) -> str:
    project = World(seed=1).project()
    played = [project.run(specs=6, flaky=0.2, branch=f"release/{n}") for n in range(runs)]
    return heat_map_html(HeatMap.of(map(details_of, played), span=span))


def trends(*branches: str) -> str:
    """Return a page of two weeks, with days without runs."""
    chance = random.Random(1)  # noqa: S311 - no secret
    days = tuple(date(2026, 1, 1) + timedelta(days=number) for number in range(14))
    found = [
        BranchTrend(
            branch=branch,
            days=tuple(_figures(chance) if chance.random() > 0.2 else None for _ in days),
            total=_figures(chance),
        )
        for branch in branches
    ]
    whole = BranchTrend(days=tuple(_figures(chance) for _ in days), total=_figures(chance))
    return trends_html(
        Trends(days=days, overall=whole, branches=tuple(found), other=whole, other_branches=12)
    )


def _figures(chance: random.Random) -> TrendFigures:
    return TrendFigures(
        runs=9,
        complete=8,
        passed=chance.randint(2, 8),
        duration_ms=chance.randint(200_000, 900_000),
        judged_tests=1000,
        passed_tests=chance.randint(940, 1000),
        flaky_tests=chance.randint(0, 60),
        retries=chance.randint(0, 200),
        retries_ms=chance.randint(0, 3_000_000),
    )


def timeline() -> str:
    """Return a timeline some of whose names are hostile."""
    details = world_details(specs=24)
    named = [
        replace(one, spec=replace(one.spec, spec=text, group_id=text))
        for one, text in zip(details.executions, HOSTILE, strict=False)
    ]
    executions = (*named, *details.executions[len(named) :])
    found = timeline_of(replace(details, executions=executions))
    part = section("Timeline", timeline_figure(found), id_="timeline")
    return page("Timeline", part, header=tag("h1", "Timeline"))


ODD = (
    *("run-without-specs", "run-of-none", "run-of-one", "run-without-instances"),
    *("run-in-progress", "run-of-cypress"),
)
"""Names for `odd_details`."""


@cache
def whole_run() -> RunDetails:
    """Return a run with owners and a pull request."""
    project = World(seed=3).project()
    owners = [("owner", "Web"), ("owner", "Payments")]
    return details_of(
        project.run(
            specs=8, tests=6, failures=0.1, flaky=0.1, groups=2, annotations=owners, pull_request=7
        )
    )


def assets() -> dict[str, str]:
    """Return where the artifacts of failures are, by their signed URLs."""
    artifacts = [one for failure in whole_run().failures() for one in failure.artifacts]
    urls = sorted({url_of(one) or "" for one in artifacts})
    return {url: f"assets/{number} #.png" for number, url in enumerate(urls)}


def of_run(name: str, details: RunDetails, **options: Any) -> Made:
    """Return the page of a run, which has a bar for each spec file with a start."""
    return Made(
        name,
        partial(run_html, details, **options),
        bars=sum(spec.claimed_at is not None for spec in details.specs),
        has_hostile_texts=name == "run-hostile",
        has_pictures="assets" in options,
        is_variation=name in ODD,
        has_script="script" in options,
    )


def diff(before: RunDetails, after: RunDetails) -> str:
    found = diff_runs(before.results(), after.results())
    return diff_html(found, before=before.run, after=after.run)


_ALL = (
    of_run("run", whole_run()),
    of_run("run-with-script", whole_run(), script=True),
    of_run("run-with-assets", whole_run(), assets=assets()),
    of_run("run-hostile", hostile_details()),
    *map(of_run, ODD, odd_details()),
    Made("diff", lambda: diff(*two_details(specs=10))),
    Made("diff-hostile", lambda: diff(world_details(), hostile_details()), has_hostile_texts=True),
    Made("timeline", timeline, 24, has_hostile_texts=True),
    Made("skeleton", skeleton, 5, has_hostile_texts=True),
    Made("heat-map", partial(heat_map, span="runs", runs=4)),
    Made("heat-map-of-days", partial(heat_map, span="days", runs=3), is_variation=True),
    Made("heat-map-of-none", partial(heat_map, span="runs", runs=0), is_variation=True),
    Made("trends", partial(trends, "main", "release/2026.01", "feature/checkout")),
    Made("trends-hostile", partial(trends, *HOSTILE), has_hostile_texts=True),
    Made("trends-of-none", lambda: trends_html(Trends()), is_variation=True),
    Made(
        "heat-map-hostile",
        lambda: heat_map_html(HeatMap.of([hostile_details()]), title=HOSTILE[0]),
        has_hostile_texts=True,
    ),
)
PAGES = {made.name: made for made in _ALL}
