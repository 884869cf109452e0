import re
from datetime import date, timedelta

import pytest

from currents_async.analysis import BranchTrend, TrendFigures, Trends
from currents_async.reports import trends_html
from currents_async.reports._charts import rounded_up
from tests.reports.made import HOSTILE
from tests.reports.test_page import Outline

FIRST = date(2026, 1, 5)
GOOD = TrendFigures(
    runs=4,
    complete=3,
    passed=2,
    duration_ms=90_000,
    judged_tests=1_000,
    passed_tests=995,
    flaky_tests=20,
    retries=30,
    retries_ms=150_000,
)
BAD = TrendFigures(
    runs=1,
    complete=1,
    duration_ms=30_000,
    judged_tests=10,
    passed_tests=5,
    flaky_tests=0,
    retries=0,
    retries_ms=0,
)
NOT_COMPLETE = TrendFigures(runs=1, judged_tests=0, passed_tests=0, flaky_tests=0, retries=0)


def days(number: int) -> tuple[date, ...]:
    return tuple(FIRST + number * timedelta(days=1) for number in range(number))


def of_one_branch(*figures: TrendFigures | None, name: str | None = "main") -> Trends:
    one = BranchTrend(branch=name, days=figures, total=GOOD)
    return Trends(days=days(len(figures)), overall=one, branches=(one,))


def points(text: str, section: str) -> list[str]:
    """Return the words of the points and bars in the figure of a section."""
    drawing = text.partition(f'<h2 id="{section}">')[2].partition("</svg><div>")[0]
    return re.findall(r"<title>(\d[^<]*)</title>", drawing)


def test_rates() -> None:
    assert (GOOD.run_pass_rate, GOOD.test_pass_rate, GOOD.flakiness_rate) == (2 / 3, 0.995, 0.02)
    assert GOOD.retries_minutes == 2.5
    nothing = TrendFigures()
    assert nothing.run_pass_rate is nothing.test_pass_rate is nothing.flakiness_rate is None
    assert nothing.retries_minutes is None


def test_a_point_for_each_day_with_runs() -> None:
    text = trends_html(of_one_branch(GOOD, None, BAD, NOT_COMPLETE))
    assert points(text, "passed") == [
        "2026-01-05: 66.7 % (2 of 3)",
        "2026-01-07: 0 % (0 of 1)",
        "2026-01-05: 99.5 % (995 of 1,000)",
        "2026-01-07: 50 % (5 of 10)",
    ]
    assert points(text, "flaky") == ["2026-01-05: 2 % (20 of 1,000)", "2026-01-07: 0 % (0 of 10)"]
    assert points(text, "duration") == ["2026-01-05: 1 min 30 s", "2026-01-07: 30.0 s"]
    assert points(text, "retries") == [
        "2026-01-05: 2.5 min (30 retries)",
        "2026-01-07: 0.0 min (0 retries)",
    ]
    assert "4 runs in 4 days from 2026-01-05 to 2026-01-08, on 1 of which none began." in text


def test_days_without_runs_are_gaps() -> None:
    [line] = _lines(trends_html(of_one_branch(GOOD, BAD, None, GOOD, GOOD)), "duration")
    assert [len(stroke) for stroke in line] == [2, 2]
    [line] = _lines(trends_html(of_one_branch(GOOD, None, GOOD, None, GOOD)), "duration")
    assert [len(stroke) for stroke in line] == [1, 1, 1]


def _lines(text: str, section: str) -> list[list[list[str]]]:
    """Return the lines in the figure of a section: strokes of points."""
    drawing = text.partition(f'<h2 id="{section}">')[2].partition("</svg><div>")[0]
    lines = re.findall(r'<path d="([^"h]+)" fill="none"', drawing)
    return [[stroke.split("L") for stroke in line.split("M")[1:]] for line in lines]


def test_the_higher_the_better() -> None:
    [line] = _lines(trends_html(of_one_branch(GOOD, BAD)), "duration")
    [[first, second]] = line
    (x1, y1), (x2, y2) = (map(float, point.split()) for point in (first, second))
    assert x1 < x2
    # The axis ends at two minutes, 90 and 30 seconds are at three and one quarters of it.
    assert (126 - y1) / (126 - y2) == pytest.approx(3, abs=0.01)
    assert y1 == pytest.approx(26 + 100 / 4, abs=0.1)


def test_the_values_are_in_tables() -> None:
    text = trends_html(of_one_branch(GOOD, None, NOT_COMPLETE))
    for name in ("Runs that passed", "Tests that passed", "Flaky tests", "Median duration"):
        _, _, behind = text.partition(f"<summary>{name}: values</summary>")
        rows = behind.partition("<tbody>")[2].partition("</tbody>")[0]
        heads = re.findall(
            r'<th scope="row" align="left"><nobr><time>([^<]+)</time></nobr></th>', rows
        )
        assert heads == ["2026-01-05", "2026-01-06", "2026-01-07"]
        assert re.findall(r"<td[^>]*>([^<]*)</td>", rows)[1:] == ["no runs", "–"]  # noqa: RUF001
    assert '<th scope="col" align="right"><bdi>main</bdi></th>' in text


def test_the_other_branches_are_one() -> None:
    named = [BranchTrend(branch=name, days=(GOOD,), total=GOOD) for name in ("main", None)]
    overall = BranchTrend(days=(GOOD,), total=GOOD)
    trends = Trends(
        days=days(1), overall=overall, branches=tuple(named), other=overall, other_branches=12
    )
    text = trends_html(trends)
    for name in ("All branches", "main", "(no branch)", "12 other branches"):
        assert f'font-weight="bold">{name}</text>' in text
        assert f'<th scope="row" align="left"><bdi>{name}</bdi></th>' in text
    assert "All branches" not in trends_html(of_one_branch(GOOD))


def test_what_the_export_lacks_is_said() -> None:
    bare = TrendFigures(runs=1, complete=1, passed=1, duration_ms=1000)
    one = BranchTrend(branch="main", days=(bare,), total=bare)
    text = trends_html(
        Trends(
            days=days(1),
            overall=one,
            branches=(one,),
            earlier_days=2,
            missing_tables=("tests", "attempts"),
            only_failed=True,
        )
    )
    assert "The export has no table tests" in text
    assert "only the tests of failed spec files" in text
    assert "Not counted: 2 earlier days." in text
    assert '<h2 id="passed">' in text
    assert '<h2 id="flaky">' not in text
    assert '<h2 id="retries">' not in text


def test_nothing_to_show() -> None:
    text = trends_html(Trends())
    assert "There are no runs." in text
    assert "<nav" not in text


def test_pages_are_static_and_hostile_branches_are_text() -> None:
    for name in HOSTILE:
        text = trends_html(of_one_branch(GOOD, None, BAD, name=name), title=name)
        outline = Outline()
        outline.feed(text)
        assert not outline.open
        assert not {"script", "style", "link", "img"} & {*outline.seen}
        assert " style=" not in text
        assert not {"\x1b", "\u202e", "\ud800"} & {*text}
        assert len(text) < 30_000


def test_the_largest_page_is_small_enough() -> None:
    one = BranchTrend(branch="feature/checkout", days=(GOOD,) * 90, total=GOOD)
    trends = Trends(days=days(90), overall=one, branches=(one,) * 5, other=one, other_branches=40)
    assert len(trends_html(trends)) < 700_000


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, 1), (0.013, 0.02), (0.05, 0.05), (0.2, 0.2), (1, 1), (3, 5), (7, 10), (1200, 2000)],
)
def test_axes_end_at_round_numbers(number: float, expected: float) -> None:
    assert rounded_up(number) == pytest.approx(expected)
