"""The table of what could not be fetched."""

from currents_async.export._missing import Missing
from currents_async.export._tables.columns import Column, Values
from currents_async.export._tables.kinds import COUNT, TEXT
from currents_async.export._tables.table import Rows, Table

_COLUMNS = (
    Column(
        "instance_id", TEXT, "The instance; empty when it is the run's spec files.", nullable=False
    ),
    Column(
        "spec", TEXT, "The path of the spec file; empty when it is all of the run.", nullable=False
    ),
    Column(
        "reason",
        TEXT,
        "`failed`: it is asked for again; `given up`: no more; `gone`, or where the service no "
        "longer keeps it `past retention`: the rows are those of an earlier export.",
        nullable=False,
    ),
    Column(
        "error",
        TEXT,
        "The class of the error, for example `NotFoundError`; empty without one.",
        nullable=False,
    ),
    Column("status", COUNT, "The HTTP status, where the server answered."),
    Column("message", TEXT, "What happened.", nullable=False),
)


class ErrorRows(Rows):
    """What could not be fetched."""

    table = Table(
        "errors",
        "What could not be fetched, one row each; errors of tests are in `attempts`. Without a run "
        "it is the list of runs of that day, or some of it.",
        key=("project_id", "day", "run_id", "instance_id"),
        columns=_COLUMNS,
    )

    def __init__(self) -> None:
        super().__init__()
        self._missing: list[Missing] = []

    def add(self, missing: Missing) -> None:
        """Add what could not be fetched."""
        self._run_ids.append(missing.run_id)
        self._missing.append(missing)

    def _values(self) -> Values:
        return {
            column.name: [getattr(one, column.name) for one in self._missing] for column in _COLUMNS
        }
