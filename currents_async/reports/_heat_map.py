"""A page of tests that fail or are flaky, by runs or by days."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from currents_async._checks import check_type
from currents_async._text import counted, in_utc, one_line
from currents_async.analysis._heat_map_rows import HeatMapCell, HeatMapColumn, HeatMapRow
from currents_async.analysis.heat_map import HeatMap
from currents_async.errors import InvalidArgumentError
from currents_async.models.actions import AffectedTest
from currents_async.reports._markup import Content, Markup, foreign, markup, tag
from currents_async.reports._page import (
    GREEN,
    GREY,
    ORANGE,
    RED,
    Column,
    facts,
    folded,
    link,
    moment,
    page,
    table,
)

_SIZE = 16
_TITLE_WIDTH = 300
_LINKED_TESTS = 100
"""How many tests have signs with links, which take up most of the page."""


def _stroke(path: str, colour: str) -> Markup:
    return tag("path", d=path, stroke=colour, stroke_width=2, stroke_linecap="round", fill="none")


_CROSS = _stroke("M4 4l8 8m0-8l-8 8", "#fff")
_WAVE = _stroke("M4 9q2-4 4-1t4-1", "#fff")
_SHAPES: dict[str, Content] = {
    "failed": (tag("rect", width=_SIZE, height=_SIZE, rx=2, fill=RED), _CROSS),
    "flaky": (tag("path", d="M8-1l9 9-9 9-9-9z", fill=ORANGE), _WAVE),
    "passed": _stroke("M4 9l3 3 6-7", GREEN),
    "skipped": _stroke("M4 8h8", GREY),
    "none": tag("circle", cx=8, cy=8, r=1, fill=GREY),
}
_MEANING = {
    "failed": "The test failed at least once.",
    "flaky": "It passed only after a failed attempt, and never failed.",
    "passed": "It passed at the first attempt, each time.",
    "skipped": "It was skipped, interrupted, or never reached.",
    "none": "It did not run.",
}
_QUARANTINED = tag("b", "⊘ quarantined")

Quarantined = Iterable[str | AffectedTest]


def heat_map_html(
    heat_map: HeatMap, *, quarantined: Quarantined = (), title: str = "Flaky tests"
) -> str:
    """Return a page of the tests that failed or were flaky, the worst first.

    `quarantined` are signatures of tests, or their IDs in their framework, or tests as
    `actions.affected_tests` lists them. Runs and exports do not have signatures. Raises
    `InvalidArgumentError` for anything else.
    """
    known = _Quarantine(quarantined)
    marked = {number for number, row in enumerate(heat_map.rows) if known.has(row)}
    return page(
        one_line(title),
        tag("p", " ".join(_summary(heat_map, len(marked)))),
        (_grid(heat_map, marked), _legend()) if heat_map.rows else None,
        _runs(heat_map.columns) if heat_map.span == "runs" and heat_map.columns else None,
        header=tag("h1", foreign(title)),
    )


class _Quarantine:
    def __init__(self, quarantined: Quarantined) -> None:
        self._names: set[object] = set()
        if isinstance(quarantined, str):
            raise InvalidArgumentError("quarantined must be several tests, not a single str")
        for number, one in enumerate(quarantined):
            if isinstance(one, AffectedTest):
                self._names |= {one.signature, (one.spec, one.title)} - {None}
            else:
                self._names.add(check_type(f"quarantined[{number}]", one, str))

    def has(self, row: HeatMapRow) -> bool:
        titles = (row.title, " > ".join(row.title))
        return not self._names.isdisjoint((
            row.signature,
            *row.test_ids,
            *((row.spec, title) for title in titles),
        ))


def _summary(heat_map: HeatMap, marked: int) -> Iterator[str]:
    if not heat_map.columns:
        yield "There are no runs."
        return
    tests, shown = counted(heat_map.tests, "test"), len(heat_map.rows)
    unstable = f"{heat_map.unstable:,} of {tests}" if shown else f"None of {tests}"
    yield f"{unstable} failed or were flaky in {_span(heat_map)}."
    if heat_map.unstable > shown:
        yield f"The worst {shown:,} are shown; {heat_map.unstable - shown:,} more are not."
    if marked:
        yield f"{marked:,} of those shown {'is' if marked == 1 else 'are'} quarantined."
    if heat_map.earlier:
        yield f"Not counted: {counted(heat_map.earlier, f'earlier {_word(heat_map)}')}."


def _word(heat_map: HeatMap) -> str:
    return "run" if heat_map.span == "runs" else "day"


def _span(heat_map: HeatMap) -> str:
    days = [column.day for column in heat_map.columns if column.day is not None]
    number = counted(len(heat_map.columns), _word(heat_map))
    if not days:
        return number
    first, last = min(days), max(days)
    return f"{number}, {first}" if first == last else f"{number}, from {first} to {last}"


def _grid(heat_map: HeatMap, marked: set[int]) -> Markup:
    several = len({row.project_id for row in heat_map.rows}) > 1
    test = markup(tag("svg", width=_TITLE_WIDTH, height=1, aria_hidden="true"), tag("br"), "Test")
    columns: list[Column | str] = [
        test,
        *(Column(name, "right") for name in ("Failed", "Flaky", "Executed")),
        *map(_heading, heat_map.columns),
    ]
    rows = (
        (
            _test(row, is_quarantined=number in marked, shows_project=several),
            *_numbers(row.total),
            *(_cell(cell, is_linked=number < _LINKED_TESTS) for cell in row.cells),
        )
        for number, row in enumerate(heat_map.rows)
    )
    return markup(_symbols(), table(f"Tests by {heat_map.span}, the newest first", columns, rows))


def _test(row: HeatMapRow, *, is_quarantined: bool, shows_project: bool) -> Markup:
    place = (foreign(row.spec), (" in ", foreign(row.project_id)) if shows_project else None)
    return markup(
        foreign(" > ".join(row.title)),
        tag("br"),
        tag("small", place),
        (tag("br"), _QUARANTINED) if is_quarantined else None,
    )


def _numbers(total: HeatMapCell) -> Sequence[str]:
    return f"{total.failed:,}", f"{total.flaky:,}", f"{total.judged:,}"


def _heading(column: HeatMapColumn) -> Markup:
    if column.day is None:
        return link(column.url, "no date")
    time = column.started_at
    clock = (tag("br"), f"{in_utc(time):%H:%M}") if column.run_id is not None and time else None
    shown = tag("time", tag("nobr", f"{column.day:%m-%d}"), clock, datetime=f"{column.day}")
    return link(column.url, shown)


def _cell(cell: HeatMapCell | None, *, is_linked: bool) -> Markup:
    if cell is None:
        return _sign("none", "did not run")
    for outcome in ("failed", "flaky"):
        if getattr(cell, outcome):
            of = f" {cell.unstable}/{cell.judged}" if cell.judged > 1 else None
            url = cell.url if is_linked else None
            return markup(link(url, _sign(outcome, _words(cell))), of)
    outcome = "passed" if cell.passed else "skipped"
    number = cell.passed or cell.skipped
    return markup(_sign(outcome, _words(cell)), f" {number}" if number > 1 else None)


def _words(cell: HeatMapCell) -> str:
    counts = [(name, getattr(cell, name)) for name in _MEANING if getattr(cell, name, 0)]
    if len(counts) == 1 and counts[0][1] == 1:
        return counts[0][0]
    return ", ".join(f"{number} {name}" for name, number in counts)


@lru_cache(maxsize=1024)
def _sign(name: str, words: str) -> Markup:
    shape = tag("use", href=f"#{name}")
    return tag("svg", tag("title", words), shape, width=_SIZE, height=_SIZE, role="img")


def _symbols() -> Markup:
    box = f"-1 -1 {_SIZE + 2} {_SIZE + 2}"
    symbols = (tag("symbol", shape, id=name, viewBox=box) for name, shape in _SHAPES.items())
    return tag("svg", *symbols, width=0, height=0, aria_hidden="true")


def _legend() -> Markup:
    signs = ((name, words) for name, words in _MEANING.items())
    return markup(
        tag("h2", "Signs"),
        facts((_sign_and_word(name), words) for name, words in signs),
        tag(
            "p",
            "Executed are those that passed or failed. Beside a sign stands how many of them "
            "failed or were flaky; or, if there are several, how many passed or were skipped. "
            "The worst tests are those of which most executions failed or were flaky.",
        ),
    )


def _sign_and_word(name: str) -> Markup:
    word = "did not run" if name == "none" else name
    return markup(_sign(name, word), " ", word)


def _runs(columns: Sequence[HeatMapColumn]) -> Content:
    rows = (
        (
            link(column.url, foreign(column.run_id)),
            moment(column.started_at),
            foreign(column.branch),
        )
        for column in columns
    )
    return folded("Runs", table("Runs, the newest first", ["Run", "Began", "Branch"], rows))
