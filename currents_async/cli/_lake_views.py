"""`lake views`: views for common questions, in a database or over files."""

from typing import Annotated

from cyclopts import Parameter

from currents_async._redaction import hide_credentials
from currents_async.cli._options import File
from currents_async.cli._output import OUTPUT, Output, Printer
from currents_async.cli._progress import import_aside, waiting
from currents_async.cli._streams import note
from currents_async.models._model import Model


class View(Model, frozen=True, gc=False, kw_only=True):
    """A view that has been made."""

    view: str
    about: str


async def views(
    target: Annotated[
        str,
        Parameter(help="A DuckDB file, postgresql://..., or with --into a directory of Parquet."),
    ],
    /,
    *,
    into: File | None = None,
    output: Output = OUTPUT,
) -> None:
    """Make views for common questions, by the same names in DuckDB and PostgreSQL.

    A view of which the export lacks a table is left out. Views that are there are replaced.

    currents-async lake views runs.duckdb

    currents-async lake views lake --into questions.duckdb

    Parameters
    ----------
    into
        The DuckDB file for the views of a directory of Parquet files, and for views of its tables;
        it holds no rows.

    """
    printer = Printer(View, "view, about", output, nothing="no views")
    await import_aside("currents_async.export.views")
    from currents_async.export import views as library  # noqa: PLC0415 - needs an extra

    with waiting(f"making views of {hide_credentials(target)}"):
        made = await library.create(target, into=into)
    printer.all(View(view=name, about=library.about(name)) for name in made)
    if left_out := [name for name in library.NAMES if name not in made]:
        note(f"left out, since the export lacks their tables: {', '.join(left_out)}")
