from datetime import date, timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from currents_async.analysis import HeatMap, HeatMapCell, HeatMapColumn, HeatMapRow, HeatMapSpan
from currents_async.errors import InvalidArgumentError
from currents_async.models import AffectedTest
from currents_async.reports import heat_map_html
from currents_async.testing import World
from tests.reports.made import HOSTILE, details_of, hostile_details, odd_details
from tests.reports.test_page import Outline

URL = "https://app.currents.dev/instance/0123456789abcdef/test/92cb57a167e5d4fcd194-6cdde65b4c0e7c"
FIRST = date(2026, 1, 5)


class Signs(HTMLParser):
    """What the table of a page says, row by row: the sign and the words of each cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[tuple[str, str]]] = []
        self.uses: list[str] = []
        self.words: list[str] = []
        self._in_title = False
        self.feed(text.partition("<tbody>")[2].partition("</tbody>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag == "tr":
            self.rows.append([])
        if tag == "use":
            self.rows[-1].append((str(dict(attrs)["href"]), self.words[-1]))

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.words.append(data)


def days(number: int) -> tuple[HeatMapColumn, ...]:
    return tuple(HeatMapColumn(day=FIRST + timedelta(days=n)) for n in range(number))


def a_map(*cells: HeatMapCell | None, **row: object) -> HeatMap:
    rows = (HeatMapRow(spec="a.ts", title=("Cart", "adds"), cells=cells, **row),)  # type: ignore[arg-type]
    return HeatMap(columns=days(len(cells)), rows=rows, unstable=1, tests=3)


def test_each_cell_has_a_sign_and_words() -> None:
    text = heat_map_html(
        a_map(
            HeatMapCell(failed=1, url=URL),
            HeatMapCell(failed=1, flaky=1, passed=2, skipped=1),
            HeatMapCell(flaky=1),
            HeatMapCell(passed=3),
            HeatMapCell(skipped=1),
            None,
        )
    )
    assert Signs(text).rows == [
        [
            ("#failed", "failed"),
            ("#failed", "1 failed, 1 flaky, 2 passed, 1 skipped"),
            ("#flaky", "flaky"),
            ("#passed", "3 passed"),
            ("#skipped", "skipped"),
            ("#none", "did not run"),
        ]
    ]
    assert f'<td><a href="{URL}"><svg' in text
    assert "</svg> 2/4</td>" in text
    assert "1 of 3 tests failed or were flaky in 6 days, from 2026-01-05 to 2026-01-10." in text
    for name in ("failed", "flaky", "passed", "skipped", "none"):
        assert text.count(f'<symbol id="{name}"') == 1


def test_headings_name_the_days_and_the_tests() -> None:
    text = heat_map_html(a_map(HeatMapCell(failed=1)))
    assert '<th scope="col" align="left"><time datetime="2026-01-05"><nobr>01-05' in text
    assert '<th scope="row" align="left"><bdi>Cart &gt; adds</bdi><br><small><bdi>a.ts' in text
    assert "1 day, 2026-01-05." in text


@pytest.mark.parametrize(
    ("quarantined", "is_marked"),
    [
        (["other"], False),
        (["s"], True),
        (["id2"], True),
        ([AffectedTest(signature="s")], True),
        ([AffectedTest(spec="a.ts", title=("Cart", "adds"))], True),
        ([AffectedTest(spec="a.ts", title="Cart > adds")], True),
        ([AffectedTest(spec="b.ts", title="Cart > adds")], False),
        ([AffectedTest()], False),
    ],
)
def test_quarantined_tests_are_marked(
    quarantined: list[str | AffectedTest], *, is_marked: bool
) -> None:
    heat_map = a_map(HeatMapCell(failed=1), signature="s", test_ids=("id1", "id2"))
    text = heat_map_html(heat_map, quarantined=quarantined)
    assert ("<b>⊘ quarantined</b>" in text) is is_marked
    assert ("1 of those shown is quarantined." in text) is is_marked


@pytest.mark.parametrize(
    ("quarantined", "match"),
    [("s", "must be several tests"), ([None], r"quarantined\[0\] must be a str, not NoneType")],
)
def test_what_is_quarantined_is_checked(quarantined: Any, match: str) -> None:
    with pytest.raises(InvalidArgumentError, match=match):
        heat_map_html(HeatMap(), quarantined=quarantined)


def test_runs_are_listed_behind_their_signs() -> None:
    project = World(seed=1).project()
    runs = [details_of(project.run(specs=5, flaky=0.5, branch=f"b{n}")) for n in range(3)]
    text = heat_map_html(HeatMap.of(runs, max_columns=2))
    assert "in 2 runs, 2026-01-05. Not counted: 1 earlier run." in text
    for details in runs[1:]:
        assert text.count(f'<a href="{details.run.url}">') == 2
        assert f"<td><bdi>{details.run.branch}</bdi></td>" in text
    assert "<bdi>b0</bdi>" not in text


def test_nothing_to_show() -> None:
    assert "There are no runs." in heat_map_html(HeatMap())
    quiet = World(seed=1).project().run(specs=2, tests=3, failures=0, flaky=0)
    text = heat_map_html(HeatMap.of([details_of(quiet)]))
    assert "None of 6 tests failed or were flaky in 1 run, 2026-01-05." in text
    assert "<symbol" not in text


def test_the_rest_is_counted() -> None:
    project = World(seed=1).project()
    heat_map = HeatMap.of([details_of(project.run(specs=9, failures=20))], max_tests=3)
    assert "The worst 3 are shown; " in heat_map_html(heat_map)


def test_several_projects_are_named() -> None:
    row = HeatMapRow(project_id="p", cells=(HeatMapCell(failed=1),))
    other = HeatMapRow(project_id="q", cells=(HeatMapCell(failed=1),))
    assert "<bdi>q</bdi>" in heat_map_html(HeatMap(columns=days(1), rows=(row, other)))
    assert "<bdi>p</bdi>" not in heat_map_html(HeatMap(columns=days(1), rows=(row,)))


def test_pages_are_static_and_hostile_texts_are_text() -> None:
    hostile = hostile_details()
    maps = [HeatMap.of([one], span=span) for one in (hostile, *odd_details()) for span in _SPANS]
    for heat_map in maps:
        text = heat_map_html(heat_map, title=HOSTILE[0])
        outline = Outline()
        outline.feed(text)
        assert not outline.open
        assert not {"script", "style", "link", "img"} & {*outline.seen}
        assert " style=" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
    text = heat_map_html(HeatMap.of([hostile]))
    assert len(text) < 60_000
    for words in ("</script><script>alert(1)</script>", "red", "characters)"):
        assert words in unescape(text.replace("<wbr>", ""))


_SPANS: tuple[HeatMapSpan, ...] = ("runs", "days")


def test_the_largest_page_is_small_enough() -> None:
    cell = HeatMapCell(failed=12, flaky=3, passed=123, skipped=4, url=URL)
    rows = tuple(
        HeatMapRow(
            spec="tests/search/slot-user/compares-answer-change.spec.ts",
            title=("Address folder", f"refreshes the attachment in another tab {number}"),
            cells=(cell,) * 30,
        )
        for number in range(200)
    )
    text = heat_map_html(HeatMap(columns=days(30), rows=rows, unstable=300, tests=5000))
    assert len(Signs(text).rows) == 200
    assert len(text) < 1_500_000
