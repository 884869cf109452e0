"""`lake`: keeping in good order what exports have written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from cyclopts import App, Parameter

from currents_async._redaction import hide_credentials
from currents_async._text import counted
from currents_async.cli import _exit
from currents_async.cli._confirm import check_can_ask, confirm
from currents_async.cli._moments import read_time
from currents_async.cli._options import Flag, Several, Yes
from currents_async.cli._output import OUTPUT, Output, Printer
from currents_async.cli._output.columns import Column
from currents_async.cli._progress import import_aside, waiting
from currents_async.errors import InvalidArgumentError
from currents_async.models._model import Model

if TYPE_CHECKING:
    from currents_async.export import lake

ModelT = TypeVar("ModelT", bound=Model)

app = App(name="lake")
app.command("currents_async.cli._lake_views:views", name="views")

_LIBRARY = "currents_async.export.lake"

Target = Annotated[
    str,
    Parameter(
        help="What was exported to: a directory, a DuckDB file, s3://..., gs://... or postgresql://..."
    ),
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which days of which projects; both options have to fit."""

    project: Several[str] = ()
    """Only days of this project; several can be given."""
    before: str | None = None
    """Only days that were over then: 2026-01-31, or 90d for 90 days ago."""

    def read(self) -> dict[str, Any]:
        """Return them as the library takes them. Raises `InvalidArgumentError` for no moment."""
        return {"projects": self.project, "before": _read(self.before)}


CHOSEN = Chosen()


class Day(Model, frozen=True, gc=False, kw_only=True):
    """A day of a project that has been exported."""

    project_id: str
    day: date
    state: str
    """`final`, or why the day is exported again."""
    exported_at: datetime | None
    """None while its rows are being replaced."""
    open_runs: int
    missing: int
    """What could not be fetched, and is tried again."""
    rows: int | None
    """In all tables; None if an earlier release exported it."""


class Miscount(Model, frozen=True, gc=False, kw_only=True):
    """A day of a project that has not as many rows in a table as the record says."""

    table: str
    project_id: str
    day: date
    rows: int
    recorded: int


class Compaction(Model, frozen=True, gc=False, kw_only=True):
    """What a compaction has done."""

    files_before: int
    files_after: int


class Deletion(Model, frozen=True, gc=False, kw_only=True):
    """What was deleted, or with --dry-run would be."""

    days: int
    """Days of projects."""
    projects: int
    first: date | None
    last: date | None
    rows: int
    dry_run: bool

    @classmethod
    def of(cls, windows: "Sequence[lake.ExportedWindow]", *, dry_run: bool) -> "Deletion":
        """Sum up some days, the oldest first."""
        return cls(
            days=len(windows),
            projects=len({one.project_id for one in windows}),
            first=windows[0].day if windows else None,
            last=windows[-1].day if windows else None,
            rows=sum(one.rows or 0 for one in windows),
            dry_run=dry_run,
        )


_DAYS: tuple[Column[Day], ...] = (
    Column("day", lambda one: one.day.isoformat()),
    Column("project", lambda one: one.project_id, "id"),
    Column("state", lambda one: one.state),
    Column("rows", lambda one: one.rows, "number", rank=1),
    Column("open runs", lambda one: one.open_runs or None, "number", rank=2),
    Column("missing", lambda one: one.missing or None, "number", rank=1),
    Column("exported", lambda one: one.exported_at, "age", rank=3),
)
_MISCOUNTS = "table, day, projectId as project, rows, recorded"
_DELETED: tuple[Column[Deletion], ...] = (
    Column("days", lambda one: one.days, "number"),
    Column("projects", lambda one: one.projects, "number"),
    Column("first", lambda one: one.first and one.first.isoformat()),
    Column("last", lambda one: one.last and one.last.isoformat()),
    Column("rows", lambda one: one.rows, "number"),
    Column("dry run", lambda one: one.dry_run or None),
)


@app.command
async def windows(target: Target, /, *, chosen: Chosen = CHOSEN, output: Output = OUTPUT) -> None:
    """List which days of which projects are there, and whether each is final or why not.

    currents-async lake windows lake

    currents-async lake windows s3://our-lake/currents --project PROJECT_ID -o json

    """
    arguments = chosen.read()
    printer = Printer(Day, _DAYS, output, nothing="no days")
    await import_aside(_LIBRARY)
    from currents_async.export import lake  # noqa: PLC0415 - needs an extra

    with waiting(f"reading {hide_credentials(target)}"):
        found = await lake.windows(target, **arguments)
    printer.all(_as(Day, one) for one in found)


@app.command
async def check(target: Target, /, *, output: Output = OUTPUT) -> int:
    """Read all rows, and list where they are not as many as the record of the exports says.

    The exit code is 6 if there is such a day, and 1 if a file cannot be read. Another export of
    the day makes up for what is missing.

    currents-async lake check lake

    currents-async lake check runs.duckdb -o csv

    """
    printer = Printer(Miscount, _MISCOUNTS, output, nothing="all rows are there")
    await import_aside(_LIBRARY)
    from currents_async.export import lake  # noqa: PLC0415 - needs an extra

    with waiting(f"reading all rows of {hide_credentials(target)}"):
        found = await lake.check(target)
    printer.all(_as(Miscount, one) for one in found)
    return _exit.FINDINGS if found else _exit.OK


@app.command
async def compact(target: Target, /, *, before: str | None = None, output: Output = OUTPUT) -> None:
    """Join the files of each month that is over, so that readers open one in place of thirty.

    Each row is in one file at any moment, whatever happens, and days can be exported again. Files
    that have not been part of a Delta table for a week are deleted.

    currents-async lake compact lake

    currents-async lake compact s3://our-lake/currents --before 90d

    Parameters
    ----------
    before
        Only months that were over then: 2026-01-31, or 90d for 90 days ago.

    """
    moment = _read(before)
    printer = Printer(Compaction, "filesBefore, filesAfter", output)
    await import_aside(_LIBRARY)
    from currents_async.export import lake  # noqa: PLC0415 - needs an extra

    with waiting(f"joining files of {hide_credentials(target)}"):
        done = await lake.compact(target, before=moment)
    printer.one(_as(Compaction, done))


@app.command
async def delete(
    target: Target,
    /,
    *,
    chosen: Chosen = CHOSEN,
    dry_run: Flag = False,
    yes: Yes = False,
    output: Output = OUTPUT,
) -> int:
    """Delete the rows of days, by their project, their age or both.

    Asks first; where there is no terminal it needs --yes. An export that asks for these days
    fetches them again, as far as the service still has them.

    currents-async lake delete lake --before 365d

    currents-async lake delete lake --project PROJECT_ID --dry-run

    Parameters
    ----------
    dry_run
        Only print how much would be deleted; `lake windows` lists the days.

    """
    if chosen == CHOSEN:
        raise InvalidArgumentError("pass --project or --before: else all would be deleted")
    arguments = chosen.read()
    printer = Printer(Deletion, _DELETED, output)
    if not dry_run:
        check_can_ask(yes=yes)
    await import_aside(_LIBRARY)
    from currents_async.export import lake  # noqa: PLC0415 - needs an extra

    with waiting(f"reading {hide_credentials(target)}"):
        found = await lake.windows(target, **arguments)
    deletion = Deletion.of(found, dry_run=dry_run)
    if found and not dry_run:
        if not confirm(_question(deletion, target), yes=yes):
            return _exit.FAILED
        with waiting(f"deleting from {hide_credentials(target)}"):
            await lake.delete(target, **arguments)
    printer.one(deletion)
    return _exit.OK


def _question(deletion: Deletion, target: str) -> str:
    what = f"{counted(deletion.days, 'day')} of {counted(deletion.projects, 'project')}"
    return f"Delete {what} ({deletion.first} to {deletion.last}) from {hide_credentials(target)}?"


def _read(before: str | None) -> datetime | None:
    return None if before is None else read_time("--before", before)


def _as(model: type[ModelT], result: object) -> ModelT:
    return msgspec.convert(result, model, from_attributes=True)
