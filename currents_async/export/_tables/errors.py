"""The table of what could not be fetched."""

from currents_async.arrow._kinds import COUNT, TEXT
from currents_async.export._missing import Missing
from currents_async.export._tables.table import Column, ModelRows, Table

_COLUMNS = (
    Column(
        "instance_id",
        TEXT,
        "The instance; empty if the run's spec files could not be fetched.",
        nullable=False,
    ),
    Column("spec", TEXT, "The path of the spec file; empty for a whole run.", nullable=False),
    Column(
        "reason",
        TEXT,
        "`failed`: it will be tried again; `given up`: it will not; `gone`, or `past retention` if "
        "the service no longer keeps it: the rows are those of an earlier export.",
        nullable=False,
    ),
    Column(
        "error",
        TEXT,
        "The class of the error, such as `NotFoundError`; empty if there was none.",
        nullable=False,
    ),
    Column("status", COUNT, "The HTTP status, if the server sent one."),
    Column("message", TEXT, "What happened.", nullable=False),
)


class ErrorRows(ModelRows):
    """What could not be fetched."""

    table = Table(
        "errors",
        "What could not be fetched, one row each; errors of tests are in `attempts`. An empty "
        "`run_id` stands for the list of runs of that day, or part of it.",
        key=("project_id", "day", "run_id", "instance_id"),
        columns=_COLUMNS,
    )

    def add(self, missing: Missing) -> None:
        self._run_ids.append(missing.run_id)
        self._models.append(missing)
