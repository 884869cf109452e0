"""The table of what could not be fetched."""

from currents_async._redaction import hide_signatures
from currents_async.errors import APIError
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
    Column("error", TEXT, "The class of the error, for example `NotFoundError`.", nullable=False),
    Column("status", COUNT, "The HTTP status, where the server answered."),
    Column("message", TEXT, "What happened.", nullable=False),
)


class ErrorRows(Rows):
    """What could not be fetched."""

    table = Table(
        "errors",
        "What could not be fetched, one row each; errors of tests are in `attempts`.",
        key=("run_id", "instance_id", "spec"),
        columns=_COLUMNS,
    )

    def __init__(self) -> None:
        super().__init__()
        self._instance_ids: list[str] = []
        self._specs: list[str] = []
        self._errors: list[str] = []
        self._statuses: list[int | None] = []
        self._messages: list[str] = []

    def add(self, run_id: str, instance_id: str | None, spec: str | None, error: Exception) -> None:
        """Add what could not be fetched, and the words of the error: it holds on to more."""
        self._run_ids.append(run_id)
        self._instance_ids.append(instance_id or "")
        self._specs.append(spec or "")
        self._errors.append(type(error).__name__)
        self._statuses.append(error.status if isinstance(error, APIError) else None)
        self._messages.append(hide_signatures(str(error)))

    def _values(self) -> Values:
        return {
            "instance_id": self._instance_ids,
            "spec": self._specs,
            "error": self._errors,
            "status": self._statuses,
            "message": self._messages,
        }
