"""A page of how runs and their tests went, by day and by branch."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from currents_async._text import counted, duration, one_line
from currents_async.analysis.trends import BranchTrend, TrendFigures, Trends
from currents_async.reports._charts import Chart, Line, Scale, Value, charts, rounded_up
from currents_async.reports._markup import Content, Markup, foreign, tag
from currents_async.reports._page import (
    BLUE,
    GREEN,
    ORANGE,
    Column,
    Part,
    contents,
    folded,
    page,
    section,
    table,
)


class _Measure(NamedTuple):
    """A figure, and how it is drawn."""

    line: Line
    value: Callable[[TrendFigures], Value | None]


class _Topic(NamedTuple):
    """A section: one or two measures on one scale."""

    id: str
    heading: str
    definition: str
    measures: Sequence[_Measure]
    scale: Callable[[float], Scale]
    """The scale for values up to this one."""
    table: str | None = None
    """The table of the export that it needs, besides that of runs."""
    has_bars: bool = False


def trends_html(trends: Trends, *, title: str = "Trends") -> str:
    """Return a page of pass rates, flakiness, durations and what retries cost, by day and branch.

    Days without runs are gaps. How each figure is counted is said beside it, and in `TrendFigures`.
    """
    topics = (
        [one for one in _TOPICS if one.table not in trends.missing_tables] if trends.days else []
    )
    parts = [Part(one.id, one.heading, _content(one, trends)) for one in topics]
    return page(
        one_line(title),
        *(tag("p", sentence) for sentence in _sentences(trends)),
        _overview(trends) if trends.days else None,
        *(section(part.heading, part.content, id_=part.id) for part in parts),
        header=(tag("h1", foreign(title)), contents(parts) if parts else None),
    )


def _sentences(trends: Trends) -> Iterator[str]:
    if not trends.days:
        yield "There are no runs."
        return
    first, last = trends.days[0], trends.days[-1]
    runs, days = counted(trends.overall.total.runs, "run"), counted(len(trends.days), "day")
    quiet = trends.overall.days.count(None)
    gaps = f", on {quiet:,} of which none began" if quiet else ""
    yield f"{runs} in {days} from {first} to {last}{gaps}."
    yield "A run counts on the day on which it began, in UTC."
    if trends.earlier_days:
        yield f"Not counted: {counted(trends.earlier_days, 'earlier day')}."
    for name in trends.missing_tables:
        yield f"The export has no table {name}, so that the figures that need it are missing."
    if trends.only_failed:
        yield "The export has only the tests of failed spec files: figures of tests are of those."


def _named(trends: Trends) -> Sequence[tuple[str, BranchTrend]]:
    """Return the trends with their names; that of all branches only if there are several."""
    of_branches = [(one.branch or "(no branch)", one) for one in trends.branches]
    if trends.other is not None:
        name = f"{counted(trends.other_branches, 'other branch', 'other branches')}"
        of_branches.append((name, trends.other))
    return (
        of_branches if len(of_branches) == 1 else [("All branches", trends.overall), *of_branches]
    )


def _overview(trends: Trends) -> Markup:
    measures = [measure for topic in _TOPICS for measure in topic.measures]
    columns: list[Column | str] = [
        "Branch",
        Column("Runs", "right"),
        *(Column(measure.line.name, "right") for measure in measures),
    ]
    rows = (
        (
            foreign(name),
            f"{one.total.runs:,}",
            *(_words(measure, one.total) for measure in measures),
        )
        for name, one in _named(trends)
    )
    return table("All days together", columns, rows)


def _content(topic: _Topic, trends: Trends) -> Content:
    named = _named(trends)
    shown = [
        Chart(name, [[_value(measure, day) for day in one.days] for measure in topic.measures])
        for name, one in named
    ]
    numbers = [
        value.number for chart in shown for values in chart.values for value in values if value
    ]
    return (
        charts(
            topic.heading,
            shown,
            days=trends.days,
            lines=[measure.line for measure in topic.measures],
            scale=topic.scale(max(numbers, default=0)),
            description=topic.definition,
            has_bars=topic.has_bars,
        ),
        *(
            folded(f"{measure.line.name}: values", _values(measure, trends))
            for measure in topic.measures
        ),
    )


def _values(measure: _Measure, trends: Trends) -> Markup:
    named = _named(trends)
    columns: list[Column | str] = ["Day", *(Column(foreign(name), "right") for name, _ in named)]
    rows = (
        (
            tag("nobr", tag("time", f"{day}")),
            *(_words(measure, one.days[number], "no runs") for _, one in named),
        )
        for number, day in enumerate(trends.days)
    )
    return table(measure.line.name, columns, rows)


def _value(measure: _Measure, figures: TrendFigures | None) -> Value | None:
    return None if figures is None else measure.value(figures)


def _words(measure: _Measure, figures: TrendFigures | None, nothing: str = "") -> str:
    if figures is None:
        return nothing
    value = measure.value(figures)
    return "–" if value is None else value.words  # noqa: RUF001 - a dash for what is unknown


def _share(rate: float | None, part: int | None, whole: int | None) -> Value | None:
    return None if rate is None else Value(rate, f"{_percent(rate)} ({part:,} of {whole:,})")


def _runs_passed(figures: TrendFigures) -> Value | None:
    return _share(figures.run_pass_rate, figures.passed, figures.complete)


def _tests_passed(figures: TrendFigures) -> Value | None:
    return _share(figures.test_pass_rate, figures.passed_tests, figures.judged_tests)


def _tests_flaky(figures: TrendFigures) -> Value | None:
    return _share(figures.flakiness_rate, figures.flaky_tests, figures.judged_tests)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def _median(figures: TrendFigures) -> Value | None:
    lasted = figures.duration_ms
    return None if lasted is None else Value(lasted, duration(lasted))


def _cost(figures: TrendFigures) -> Value | None:
    minutes = figures.retries_minutes
    if minutes is None:
        return None
    retries = counted(figures.retries or 0, "retry", "retries")
    return Value(minutes, f"{minutes:,.1f} min ({retries})")


def _up_to_all(_: float) -> Scale:
    return Scale(1, _percent)


def _up_to_share(largest: float) -> Scale:
    return Scale(min(1.0, rounded_up(largest)), _percent)


def _up_to_duration(largest: float) -> Scale:
    steps = (step for step in _DURATIONS_MS if step >= largest)
    return Scale(next(steps, largest), duration)


def _up_to_minutes(largest: float) -> Scale:
    return Scale(rounded_up(largest), _minutes)


def _minutes(minutes: float) -> str:
    return f"{minutes:,g} min"


_MINUTE_MS = 60_000
_DURATIONS_MS = (
    *(1000 * seconds for seconds in (1, 2, 4, 10, 20, 30)),
    *(_MINUTE_MS * minutes for minutes in (1, 2, 4, 10, 20, 30)),
    *(60 * _MINUTE_MS * hours for hours in (1, 2, 4, 8, 12, 24)),
)
"""Where the axis of durations may end."""

_TOPICS = (
    _Topic(
        id="passed",
        heading="What passed",
        definition="Runs that passed, of all that are complete, so without those that were "
        "cancelled, timed out or are in progress. Tests that passed, flaky or not, of all "
        "executions that passed or failed, so without skipped ones.",
        measures=(
            _Measure(Line("Runs that passed", BLUE), _runs_passed),
            _Measure(
                Line("Tests that passed", GREEN, is_dashed=True),
                _tests_passed,
            ),
        ),
        scale=_up_to_all,
    ),
    _Topic(
        id="flaky",
        heading="Flakiness",
        definition="Executions of tests that passed only after a failed attempt, of all that "
        "passed or failed.",
        measures=(_Measure(Line("Flaky tests", ORANGE), _tests_flaky),),
        scale=_up_to_share,
        table="tests",
    ),
    _Topic(
        id="duration",
        heading="Duration of runs",
        definition="The median of the complete runs: half of them took longer.",
        measures=(_Measure(Line("Median duration", BLUE), _median),),
        scale=_up_to_duration,
    ),
    _Topic(
        id="retries",
        heading="Cost of retries",
        definition="How long all attempts took but the last of each test, on all machines "
        "together: what had been saved if each test had ended at once as it did in the end.",
        measures=(_Measure(Line("Cost of retries", ORANGE), _cost),),
        scale=_up_to_minutes,
        table="attempts",
        has_bars=True,
    ),
)
