"""A report on stdout: tables for people, one JSON object for programs."""

from collections.abc import Awaitable

import msgspec
from rich.console import Group
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from currents_async.cli import _exit
from currents_async.cli._output.tables import console
from currents_async.cli._output.writers import safe_json
from currents_async.cli._reports.report import Report
from currents_async.cli._streams import machine_stdout
from currents_async.cli._text import one_line

_MOST_LINES = 20


async def show(coming: Awaitable[Report], *, as_json: bool) -> int:
    """Print a report once it is there, and return the exit code."""
    report = await coming
    if as_json:
        _print_json(report)
    else:
        _print_tables(report)
    return _exit.PARTIAL if report.errors else _exit.OK


def _print_json(report: Report) -> None:
    """Print one JSON object on one line."""
    machine_stdout().write(safe_json(msgspec.json.encode(report)) + "\n")


def _print_tables(report: Report) -> None:
    """Print the counts, the failing tests and the slowest specs."""
    tables = [_summary(report)]
    if report.failing:
        tables.append(_failing(report))
    if report.slowest:
        tables.append(_slowest(report))
    if report.errors:
        tables.append(_errors(report))
    console("auto").print(Group(*tables))


def _summary(report: Report) -> Table:
    title = Text(f"Run {report.run_id}", style="table.title")
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in (
        ("specs", f"{report.specs:,}"),
        ("tests", f"{report.tests:,}"),
        ("passed", f"{report.passed:,}"),
        ("failed", f"{report.failed:,}"),
        ("flaky", f"{report.flaky:,}"),
        ("pending", f"{report.pending:,}"),
        ("skipped", f"{report.skipped:,}"),
        ("wall time", f"{report.wall_seconds:.2f} s"),
        ("on the wire", decimal(report.traffic.wire_bytes)),
        ("requests", f"{report.traffic.requests:,}"),
    ):
        table.add_row(name, value)
    return table


def _failing(report: Report) -> Table:
    table = Table("spec", "test", "error", title="Failing tests", title_justify="left")
    for test in report.failing[:_MOST_LINES]:
        table.add_row(_line(test.spec), _line(test.title), _line(test.error))
    if len(report.failing) > _MOST_LINES:
        table.caption = f"and {len(report.failing) - _MOST_LINES:,} more"
    return table


def _slowest(report: Report) -> Table:
    table = Table("spec", "seconds", title="Slowest specs", title_justify="left")
    table.columns[1].justify = "right"
    for slow in report.slowest:
        table.add_row(_line(slow.spec), f"{slow.duration_ms / 1000:.1f}")
    return table


def _errors(report: Report) -> Table:
    table = Table("error", title="Missing", title_justify="left")
    for error in report.errors[:_MOST_LINES]:
        table.add_row(_line(error))
    if len(report.errors) > _MOST_LINES:
        table.caption = f"and {len(report.errors) - _MOST_LINES:,} more"
    return table


def _line(text: str) -> Text:
    return Text(one_line(text), overflow="ellipsis", no_wrap=True)
