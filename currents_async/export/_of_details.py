"""The tables of an export, of runs that have been fetched already."""

from datetime import UTC, date, datetime

import pyarrow as pa

from currents_async.analysis.details import RunDetails
from currents_async.export._tables import SCHEMAS
from currents_async.export._tables.rows import RowBuilder

_UNKNOWN_DAY = date(1970, 1, 1)


def tables_of(*details: RunDetails) -> dict[str, "pa.Table"]:
    """Return the tables that an export makes of some runs, by their names: see `SCHEMAS`.

    The table `errors`, of what could not be fetched, has no rows. Only an export, which lists runs,
    knows `previous_run_id`. The day of a run that does not say when it began is 1970-01-01.
    """
    batches: dict[str, list[pa.RecordBatch]] = {name: [] for name in SCHEMAS}
    for one in details:
        builder = RowBuilder(one.run.project_id, _day(one.run.created_at))
        builder.add_run(one.run)
        builder.add_specs(one.run.run_id, one.specs)
        for instance in one.instances:
            builder.add_instance(one.run.run_id, instance)
        for name, batch in builder.take():
            batches[name].append(batch)
    return {name: pa.Table.from_batches(batches[name], SCHEMAS[name]) for name in SCHEMAS}


def _day(moment: datetime | None) -> date:
    try:
        return _UNKNOWN_DAY if moment is None else moment.astimezone(UTC).date()
    except OverflowError:  # in the year 0 or 10000
        return _UNKNOWN_DAY
