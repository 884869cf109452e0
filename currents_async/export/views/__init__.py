"""Views of an export for common questions, by the same names in DuckDB, PostgreSQL and Spark.

```python
await views.create("postgresql://loader@db.example/ci")
views.connect("lake").sql("FROM flakiest_tests_by_week WHERE place <= 3").show()
```

`NAMES` are their names, and `about` says what each is. `queries` has what each of them selects,
from the tables of an export by their names.
"""

import re
from pathlib import Path
from typing import Any

import duckdb

from currents_async._checks import check_text
from currents_async.errors import ExportError
from currents_async.export._job import in_thread_or_export_error
from currents_async.export.views._queries import NAMES, Dialect, about, queries, read_by
from currents_async.export.views._sources import create_views, database_of, directory_of

_GLOB = re.compile(r"([\\\[\]{}*?])")

__all__ = ["NAMES", "Dialect", "about", "connect", "create", "queries", "register"]


async def create(target: str | Path, *, into: str | Path | None = None) -> tuple[str, ...]:
    """Make the views in a target, which is a DuckDB file or a PostgreSQL database.

    For a directory of Parquet files they, and views of its tables, are made `into` a DuckDB file,
    which holds no rows. A view that is there is replaced. Returns the names of the views: those of
    which the export lacks a table are left out.

    Raises `InvalidArgumentError` for other targets, and `ExportError` if there is no export at the
    target, it is in use, or something else has the name of a view.
    """
    for name, value in {"target": target, "into": into}.items():
        if value is not None and not isinstance(value, Path):
            check_text(name, value)
    return await in_thread_or_export_error(lambda: create_views(target, into))


def connect(target: str | Path) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection with the tables of an export, and the views; nothing is written.

    The target is a directory of Parquet files, or a DuckDB file.

    Raises `InvalidArgumentError` for other targets, and `ExportError` if there is no export.
    """
    try:
        return database_of(target)
    except (OSError, duckdb.Error) as error:
        raise ExportError(f"the target cannot be read: {error}") from error


def register(spark: Any, target: str | Path) -> tuple[str, ...]:
    """Make temporary views of the tables of an export in a Spark session, and of the questions.

    The target is a directory of Parquet files, or a URL of one that Spark can read. Returns the
    names of the views: those of which the export lacks a table are left out.

    Raises `InvalidArgumentError` for other targets, and `ExportError` if there is no export.
    """
    root, tables = directory_of(target)
    pattern = _GLOB.sub(r"\\\1", root)
    for table in tables:
        rows = spark.read.option("mergeSchema", "true").parquet(f"{pattern}/{table}")
        rows.createOrReplaceTempView(table)
    made = read_by(tables)
    for name in made:
        spark.sql(queries("spark")[name]).createOrReplaceTempView(name)
    return made
