"""Other programs read what was exported, also while a day of it is replaced."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

pytest.importorskip("deltalake")

from deltalake import DeltaTable

from currents_async.export import ExportFormat, lake
from currents_async.export._write.postgres_database import Database
from currents_async.testing import World
from tests.documentation import block_with
from tests.export.exporting import LATER, NIGHT, SINCE, Exporter, both_frameworks
from tests.export.landed import delta_table, expected
from tests.export.postgres import IS_INSTALLED, create_database, postgres
from tests.export.spark_session import session_in

pytestmark = [pytest.mark.engines, pytest.mark.usefixtures("no_task_is_left")]

Answer = tuple[int, int, int]
"""How many attempts there are, the sum of their milliseconds, and how many are of `DAY`."""
DAY = date(2026, 1, 6)
SQL = f"""
SELECT count(*) AS n, sum(duration_ms) AS ms, count(CASE WHEN day = DATE '{DAY}' THEN 1 END) AS d
FROM {{}}
"""  # noqa: S608 - ours
COLUMNS = ["duration_ms", "day"]


def of_arrow(found: Any) -> Answer:
    days = found["day"].cast(pa.date32())
    return found.num_rows, sum(found["duration_ms"].to_pylist()), days.to_pylist().count(DAY)


def of_row(row: Any) -> Answer:
    rows, milliseconds, of_day = map(int, row)
    return rows, milliseconds, of_day


def of_polars(found: pl.LazyFrame) -> Answer:
    # In lines of JSON it is a text.
    is_of_day = pl.col("day").cast(pl.String) == str(DAY)
    return of_row(
        found
        .select(pl.len(), pl.col("duration_ms").sum(), is_of_day.sum().alias("of_day"))
        .collect()
        .row(0)
    )


def of_pandas(found: pd.DataFrame) -> Answer:
    is_of_day = pd.to_datetime(found["day"]).dt.date == DAY
    return of_row((len(found), found["duration_ms"].sum(), is_of_day.sum()))


def by_duckdb(source: str, path: str = ":memory:") -> Answer:
    with duckdb.connect(path, read_only=path != ":memory:") as database:
        return of_row(database.sql(SQL.format(source)).fetchall()[0])


def from_duckdb(path: Path, take: Callable[[Any], Answer]) -> Answer:
    with duckdb.connect(path, read_only=True) as database:
        return take(database.table("attempts"))


def by_chdb(source: str) -> Answer:
    # It is too large for a group of dependencies: 530 MB.
    chdb = pytest.importorskip("chdb")
    return of_row(str(chdb.query(SQL.format(source), "CSV")).split(","))


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    with session_in(tmp_path_factory.mktemp("spark")):
        yield


@pytest.fixture(autouse=True)
def session(request: pytest.FixtureRequest) -> None:
    if "spark" in request.node.name:
        request.getfixturevalue("spark")


def by_spark(source: str) -> Answer:
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an engine

    return of_row(SparkSession.builder.getOrCreate().sql(SQL.format(source)).first())


def by_pyiceberg(directory: Path) -> Answer:
    pytest.importorskip("pyiceberg")
    register = block_with("register")["register"]
    catalog = block_with("open_catalog")["open_catalog"](directory.parent)
    with closing(catalog):
        table = register(catalog, str(directory), "attempts")
        of_day = block_with("rows_of")["rows_of"](table, DAY)
        found = of_arrow(table.scan().to_arrow())
    assert of_day.num_rows == found[2]
    return found


def lines_of(target: Path) -> list[Path]:
    return sorted((target / "attempts").rglob("*.ndjson.gz"))


def delta(target: Path) -> Any:
    return delta_table(target / "attempts")


def delta_by_duckdb(dataset: Any) -> Answer:
    with duckdb.connect() as database:
        database.register("attempts", dataset)
        return of_row(database.sql(SQL.format("attempts")).fetchall()[0])


def delta_by_chdb(table: Any) -> Answer:
    return by_chdb("Python(table)")


def by_adbc(url: str, take: Callable[[Any], Answer]) -> Answer:
    from adbc_driver_postgresql import dbapi  # noqa: PLC0415 - an engine

    with dbapi.connect(url) as connection:
        return take(connection)


def arrow_of_postgres(connection: Any) -> Answer:
    with connection.cursor() as cursor:
        cursor.execute("SELECT duration_ms, day FROM currents.attempts")
        return of_arrow(cursor.fetch_arrow_table())


def postgres_by_chdb(url: str) -> Answer:
    place = urlsplit(url)
    where = f"'{place.hostname}:{place.port}', '{place.path[1:]}', 'attempts'"
    return by_chdb(f"postgresql({where}, '{place.username}', '{place.password}', 'currents')")


PARQUET: dict[str, Callable[[Path], Answer]] = {
    "duckdb": lambda at: by_duckdb(f"'{at}/attempts/**/*.parquet'"),
    "polars": lambda at: of_polars(pl.scan_parquet(at / "attempts")),
    "pandas": lambda at: of_pandas(pd.read_parquet(at / "attempts", columns=COLUMNS)),
    "pyarrow": lambda at: of_arrow(ds.dataset(at / "attempts").to_table(COLUMNS)),
    "spark": lambda at: by_spark(f"parquet.`{at}/attempts`"),
    "chdb": lambda at: by_chdb(f"file('{at}/attempts/**/*.parquet')"),
    "pyiceberg": by_pyiceberg,
}
LINES: dict[str, Callable[[Path], Answer]] = {
    "duckdb": lambda at: by_duckdb(f"'{at}/attempts/**/*.ndjson.gz'"),
    "polars": lambda at: of_polars(pl.scan_ndjson(lines_of(at))),
    "pandas": lambda at: of_pandas(
        pd.concat([pd.DataFrame(pd.read_json(path, lines=True)[COLUMNS]) for path in lines_of(at)])
    ),
    "spark": lambda at: by_spark(f"json.`{at}/attempts`"),
    "chdb": lambda at: by_chdb(f"file('{at}/attempts/**/*.ndjson.gz', JSONEachRow)"),
}
DUCKDB: dict[str, Callable[[Path], Answer]] = {
    "duckdb": lambda at: by_duckdb("attempts", str(at)),
    "polars": lambda at: from_duckdb(at, lambda found: of_polars(found.pl().lazy())),
    "pandas": lambda at: from_duckdb(at, lambda found: of_pandas(found.df())),
    "pyarrow": lambda at: from_duckdb(at, lambda found: of_arrow(found.to_arrow_table())),
}
DELTA: dict[str, Callable[[Path], Answer]] = {
    "deltalake": lambda at: of_arrow(delta(at).to_pyarrow_table(columns=COLUMNS)),
    "duckdb": lambda at: delta_by_duckdb(delta(at).to_pyarrow_dataset()),
    "polars": lambda at: of_polars(pl.scan_delta(str(at / "attempts"))),
    "pandas": lambda at: of_pandas(delta(at).to_pandas(columns=COLUMNS)),
    "pyarrow": lambda at: of_arrow(delta(at).to_pyarrow_dataset().to_table(COLUMNS)),
    "chdb": lambda at: delta_by_chdb(delta(at).to_pyarrow_table()),
}
POSTGRES: dict[str, Callable[[str], Answer]] = {
    "polars": lambda url: of_row(
        pl.read_database_uri(SQL.format("currents.attempts"), url, engine="adbc").row(0)
    ),
    "pandas": lambda url: by_adbc(
        url, lambda to: of_pandas(pd.read_sql("SELECT * FROM currents.attempts", to))
    ),
    "pyarrow": lambda url: by_adbc(url, arrow_of_postgres),
    "chdb": postgres_by_chdb,
}


@pytest.fixture
def world() -> World:
    return both_frameworks([SINCE + number * NIGHT for number in range(3)], specs=2, flaky=1)


@pytest.fixture(scope="module")
def databases() -> Iterator[str]:
    if not IS_INSTALLED:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    pytest.importorskip("adbc_driver_postgresql.dbapi", reason="an engine")
    with postgres() as url:
        yield url


def wanted(world: World) -> Answer:
    attempts = [
        (window.day, row) for window, rows in expected(world)["attempts"].items() for row in rows
    ]
    return (
        len(attempts),
        sum(row["duration_ms"] for _, row in attempts),
        sum(day == DAY for day, _ in attempts),
    )


def readers(target: ExportFormat, of_target: dict[str, Callable[[Any], Answer]]) -> list[Any]:
    marks = {"spark": [pytest.mark.xdist_group("spark")]}
    return [
        pytest.param(target, read, id=f"{target}-{name}", marks=marks.get(name, ()))
        for name, read in of_target.items()
    ]


def watch(patch: pytest.MonkeyPatch, look: Callable[[], None], *steps: tuple[Any, str]) -> None:
    """Look after each step that changes the table."""
    is_looking = False

    def watched(step: Callable[..., Any]) -> Callable[..., Any]:
        def then_look(what: Any, *args: Any, **options: Any) -> Any:
            nonlocal is_looking
            done = step(what, *args, **options)
            is_elsewhere = isinstance(what, Path) and "attempts" not in f"{what} {args}"
            if not is_looking and not is_elsewhere:  # the reader takes such steps, too
                is_looking = True
                look()
                is_looking = False
            return done

        return then_look

    for owner, name in steps:
        patch.setattr(owner, name, watched(getattr(owner, name)))


FILES = ((Path, "replace"), (Path, "rename"), (Path, "unlink"))
STEPS: dict[str, tuple[tuple[Any, str], ...]] = {
    "parquet": FILES,
    "ndjson.gz": FILES,
    "delta": ((DeltaTable, "create_write_transaction"),),
    "postgres": ((Database, "run"), (Database, "ingest")),
}


async def replaced_meanwhile(
    exporter: Exporter,
    target: str | Path,
    read: Callable[[Any], Answer],
    world: World,
    **options: Any,
) -> None:
    """Read a target before, while and after a day of it is replaced."""
    await exporter(target, tables=["attempts"], **options)
    before = wanted(world)
    assert read(target) == before
    project = world.projects[0]
    project.run(specs=2, created_at=SINCE + NIGHT + timedelta(hours=3))
    after = wanted(world)
    assert after[2] > before[2]
    seen: list[Answer] = []
    with pytest.MonkeyPatch.context() as patch:
        steps = STEPS[options.get("format", "postgres")]
        watch(patch, lambda: seen.append(read(target)), *steps)
        await exporter(
            target, projects=[project.project_id], since=SINCE + NIGHT, until=SINCE + 2 * NIGHT
        )
    assert read(target) == after
    changes = [one for one, other in pairwise([before, *seen, after]) if one != other]
    assert seen
    assert changes == [before]


@pytest.mark.parametrize(
    ("export_format", "read"),
    [*readers("parquet", PARQUET), *readers("ndjson.gz", LINES), *readers("delta", DELTA)],
)
async def test_files_are_read_while_a_day_is_replaced(
    exporter: Exporter,
    target: Path,
    world: World,
    export_format: ExportFormat,
    read: Callable[[Path], Answer],
) -> None:
    await replaced_meanwhile(exporter, target, read, world, format=export_format)


@pytest.mark.xdist_group("postgres")
@pytest.mark.parametrize("name", POSTGRES)
async def test_a_database_is_read_while_a_day_is_replaced(
    exporter: Exporter, databases: str, world: World, name: str
) -> None:
    url = create_database(databases, f"readers_{name}")
    await replaced_meanwhile(exporter, url, POSTGRES[name], world)


@pytest.mark.parametrize("read", DUCKDB.values(), ids=DUCKDB)
async def test_a_duckdb_file_is_read_between_exports(
    exporter: Exporter, tmp_path: Path, world: World, read: Callable[[Path], Answer]
) -> None:
    target = tmp_path / "lake.duckdb"
    for _ in range(2):
        await exporter(target)
        assert read(target) == wanted(world)
        world.projects[0].run(specs=2, created_at=SINCE + NIGHT + timedelta(hours=3))


@pytest.mark.parametrize(("export_format", "read"), readers("parquet", PARQUET))
async def test_compacted_files_are_read(
    exporter: Exporter,
    target: Path,
    world: World,
    export_format: ExportFormat,
    read: Callable[[Path], Answer],
) -> None:
    await exporter(format=export_format, tables=["attempts"])
    await lake.compact(target, before=LATER)
    assert read(target) == wanted(world)


async def test_an_iceberg_table_follows_when_it_is_registered_again(
    exporter: Exporter, target: Path, world: World
) -> None:
    pytest.importorskip("pyiceberg")
    register = block_with("register")["register"]
    await exporter(tables=["attempts"])
    with closing(block_with("open_catalog")["open_catalog"](target.parent)) as catalog:
        table = register(catalog, str(target), "attempts")
        world.projects[0].run(specs=2, created_at=SINCE + NIGHT + timedelta(hours=3))
        await exporter()
        with pytest.raises(FileNotFoundError):
            table.scan().to_arrow()
        for _ in range(2):
            table = register(catalog, str(target), "attempts")
            assert of_arrow(table.scan().to_arrow()) == wanted(world)
