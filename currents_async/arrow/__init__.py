"""Models as tables of Arrow, which pandas, polars and DuckDB take, with the extra `export`.

    failures = await currents.runs.failures(run_id)
    frame = polars.DataFrame(to_arrow(failures, Failure))

Lists of the API have `to_arrow()` too, and so has what is a table by itself, such as a diff.
"""

from currents_async.arrow._tables import Tabular, to_arrow

__all__ = ["Tabular", "to_arrow"]
