"""What tables show people, at any width: checked as a terminal shows it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from currents_async.cli._output import tables
from currents_async.cli._output.columns import Column, age, columns_of, verdict
from currents_async.cli._output.layout import fit, line
from currents_async.cli._streams import one_line
from currents_async.models import Outcome, RunStatus
from currents_async.models._model import Model, Timestamp

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Shown(Model, frozen=True, gc=False, kw_only=True):
    """A field of each kind that a table shows in its own way."""

    run_id: str = "a1b2c3d4e5f6a7b8"
    status: RunStatus = RunStatus.FAILED
    state: Outcome | None = None
    title: str = ""
    spec: str = ""
    created_at: Timestamp | None = None
    duration_ms: int | None = None
    failure_rate: float | None = None
    executions: int | None = None
    failed: bool = False


def cells(item: Shown) -> dict[str, str]:
    columns = columns_of(Shown, ", ".join(Shown.__struct_encode_fields__))
    return {column.title: column.cell(item).plain for column in columns}


def test_values_are_shown_in_words() -> None:
    made = datetime.now(UTC) - timedelta(hours=3, minutes=10)
    item = Shown(
        title="a\n\x1b[31mb", created_at=made, duration_ms=111_668, failure_rate=0.123,
        executions=1234, state=Outcome.SKIPPED,
    )  # fmt: skip
    assert cells(item) == {
        "run id": "a1b2c3d4e5f6a7b8",
        "status": "✗ failed",
        "state": "– skipped",  # noqa: RUF001
        "title": "a b",
        "spec": "",
        "created": "3 h ago",
        "duration": "1m 52s",
        "failure rate": "12.3%",
        "executions": "1,234",
        "failed": "no",
    }


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.2, "now"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3 * 3600 + 5, "3 h ago"),
        (-2 * 86_400 - 1, "in 2 d"),
    ],
)
def test_ages(seconds: float, shown: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), now=NOW) == shown


def test_an_unknown_verdict_is_a_word_too() -> None:
    assert verdict("EXPLODED").plain == "· exploded"


WORDS: list[Column[tuple[Any, ...]]] = [
    Column("status", lambda item: item[0], "verdict"),
    Column("spec", lambda item: item[1], "path"),
    Column("title", lambda item: item[2], rank=1),
    Column("tests", lambda item: item[3], "number", rank=2),
    Column("id", lambda item: item[4], "id", rank=3),
]
ROW = ("failed", "tests/web/checkout/cart.spec.ts", "takes a 🛒 voucher in lower case", 7, "a")


def shown(width: int) -> str:
    row = [column.cell(ROW) for column in WORDS]
    return line(row, WORDS, fit(WORDS, [row], width)).plain


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (
            200,
            "✗ failed  tests/web/checkout/cart.spec.ts  takes a 🛒 voucher in lower case      7  a",
        ),
        (80, "✗ failed  tests/web/checkout/cart.spec.ts  takes a 🛒 voucher in lower c…      7"),
        (60, "✗ failed  …eb/checkout/cart.spec.ts  takes a 🛒 voucher in…"),
        (45, "✗  …heckout/cart.spec.ts  takes a 🛒 voucher…"),
        (30, "✗  …/web/checkout/cart.spec.ts"),
        (5, "✗"),
    ],
)
def test_columns_are_cut_and_then_dropped(width: int, expected: str) -> None:
    assert shown(width) == expected
    assert cell_len(expected) <= width


@given(st.lists(st.text(max_size=40), min_size=4, max_size=4), st.integers(1, 120))
def test_no_line_is_wider_than_the_terminal(texts: list[str], width: int) -> None:
    columns: list[Column[list[str]]] = [
        Column("one", lambda item: item[0], "verdict"),
        Column("two", lambda item: item[1], "path"),
        Column("three", lambda item: item[2], "id", 2),
        Column("four", lambda item: item[3], "text", 1),
    ]
    row = [column.cell(texts) for column in columns]
    assert cell_len(line(row, columns, fit(columns, [row], width)).plain) <= width


def test_a_narrow_table_has_no_heading(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    printed = {}
    for width in ("59", "60"):
        monkeypatch.setenv("COLUMNS", width)
        columns = columns_of(Shown, "status, title, executions")
        writer = tables.TableWriter(columns, color="never")
        writer.add(Shown(title="one", executions=1234))
        writer.end()
        printed[width] = capsys.readouterr().out.splitlines()
    assert printed == {
        "59": ["✗ failed  one  1,234 executions"],
        "60": ["STATUS    TITLE  EXECUTIONS", "✗ failed  one         1,234"],
    }


def test_a_wide_table_cuts_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    columns = columns_of(Shown, "status, title")
    writer = tables.TableWriter(columns, color="never", is_wide=True)
    writer.add(Shown(title="x" * 90))
    writer.end()
    assert "x" * 90 in capsys.readouterr().out


def test_colours_are_not_all_that_tells_verdicts_apart() -> None:
    texts = [verdict(word) for word in ("PASSED", "FAILED", "RUNNING", "CANCELED")]
    assert isinstance(texts[0], Text)
    assert len({text.plain[0] for text in texts}) == 4


def test_a_column_without_any_value_is_left_out_unless_the_table_is_wide() -> None:
    rows = [[Text("✗ failed"), Text("a.ts"), Text(""), Text("7"), Text("")]]
    assert fit(WORDS, rows, 200) == [8, 4, None, 5, None]
    assert fit(WORDS, rows, 200, keep_empty=True) == [8, 4, 5, 5, 2]


def test_pictures_are_as_wide_everywhere() -> None:
    """Terminals differ in how wide a picture with a modifier is, so that columns would shift."""
    assert one_line("👍🏽 🏳️‍🌈") == "👍 🏳 🌈"
