"""The table of the environments in which runs were executed."""

from currents_async.arrow._kinds import TEXT
from currents_async.export._tables.table import CellRows, Column, Table
from currents_async.models import Run


class EnvironmentRows(CellRows):
    """Environments of runs."""

    table = Table(
        "environments",
        "Where runs were executed, one row for each environment of a run.",
        key=("run_id", "environment"),
        columns=(Column("environment", TEXT, "Its name, for example `staging`.", nullable=False),),
    )

    def add(self, run: Run) -> None:
        environments = dict.fromkeys(run.environments)
        self._run_ids += [run.run_id] * len(environments)
        self._cells += environments
