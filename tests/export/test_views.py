"""Views for questions: each is compared with what Python counts, one by one, in the same rows."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from currents_async.errors import ExportError, InvalidArgumentError
from currents_async.export import SCHEMAS, ExportFormat, views
from currents_async.export._windows import Window
from currents_async.export._write.journal import Entry, Options
from currents_async.export._write.postgres_address import Address
from currents_async.export._write.postgres_database import Database
from currents_async.export._write.target import open_target
from currents_async.export.views._queries import view_of
from tests.documentation import block_with, fenced
from tests.export.postgres import IS_INSTALLED, create_database, postgres
from tests.export.spark_session import session_in

Row = dict[str, Any]
Rows = list[Row]
Read = Callable[[str], Rows]
MONDAY = date(2026, 1, 5)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ODD = "lake [a]*'% é"
"""The name of a target, with what means something to shells, SQL and globs."""


def make_rows() -> dict[str, Rows]:
    """Make rows of every kind that a view could get wrong, the same each time."""
    dice = random.Random(21)  # noqa: S311 - the same rows each time
    rows: dict[str, Rows] = {table: [] for table in SCHEMAS}
    for number in range(40):
        window = {"project_id": f"p{number % 2}", "day": MONDAY + timedelta(days=number % 16)}
        run = {**window, "run_id": f"r{number}", "tags": []}
        ended = dice.choice(["COMPLETE", "COMPLETE", "COMPLETE", "CANCELED", "IN_PROGRESS"])
        rows["runs"].append({
            **run,
            "status": dice.choice(["PASSED", "FAILED", "RUNNING"]),
            "completion_state": ended,
            "branch": dice.choice(["main", "it's", None]),
        })
        is_cypress = number % 2
        for position in range(dice.randrange(5)):
            instance = f"i{number}.{position}" if dice.random() < 0.9 else None
            spec = {
                **run,
                "spec": f"s{position}.ts",
                "group_id": "",
                "tags": [],
            }
            rows["specs"].append({
                **spec,
                "position": position,
                "is_complete": True,
                "instance_id": instance,
                "machine_id": dice.choice(["m1", "m2", None]) if instance else None,
                "duration_ms": dice.choice([None, dice.randrange(90_000)]),
            })
            if instance is not None:
                _add_tests(rows, {**spec, "instance_id": instance}, dice, is_cypress=is_cypress)
    return rows


def _add_tests(rows: dict[str, Rows], spec: Row, dice: random.Random, *, is_cypress: int) -> None:
    for position in range(dice.randrange(6)):
        test_id = f"t{position}" if is_cypress else f"{spec['spec']}-{position}"
        rows["tests"].append({
            **spec,
            "position": position,
            "test_id": test_id,
            "title": ["suite", f"test {position % 3}", "é'"][: dice.randrange(1, 4)],
            "state": dice.choice(["passed", "passed", "failed", "pending", None]),
            "is_flaky": dice.random() < 0.4,
            "attempts": 0,
            "owner": dice.choice([None, "Ada", "it's"]),
        })
        for attempt in range(dice.randrange(4)):
            moment = NOON + timedelta(milliseconds=dice.randrange(8_000))
            rows["attempts"].append({
                **{name: spec[name] for name in ("project_id", "day", "run_id", "instance_id")},
                "test_position": position,
                "attempt": attempt,
                "test_id": test_id,
                # So close to each other that many overlap, touch or hold each other.
                "started_at": None if dice.random() < 0.1 else moment,
                "duration_ms": dice.choice([None, 0, 1, 300, dice.randrange(3_000)]),
                "parallel_index": None if is_cypress else dice.randrange(3),
            })


ROWS = make_rows()


def fill(target: str | Path, export_format: ExportFormat, tables: tuple[str, ...]) -> None:
    windows = {Window(row["day"], row["project_id"]) for row in ROWS["runs"]}
    with open_target(target, export_format, tables) as opened:
        opened.journal.begin(Options(format=export_format, tables=tables))
        for window in sorted(windows):
            for table in tables:
                ours = [
                    one for one in ROWS[table] if Window(one["day"], one["project_id"]) == window
                ]
                if ours:
                    batch = pa.RecordBatch.from_pylist(ours, schema=SCHEMAS[table])
                    opened.sink.write(window, table, batch)
            opened.sink.commit(window)
            opened.journal.add(Entry(project_id=window.project_id, day=window.day))


def week_of(row: Row) -> date:
    day: date = row["day"]
    return day - timedelta(days=day.weekday())


def grouped(rows: Rows, *keys: Callable[[Row], Any]) -> dict[tuple[Any, ...], Rows]:
    groups: defaultdict[tuple[Any, ...], Rows] = defaultdict(list)
    for row in rows:
        groups[row["project_id"], *(key(row) for key in keys)].append(row)
    return groups


def judged() -> Rows:
    return [row for row in ROWS["tests"] if row["state"] in {"passed", "failed"}]


def title_of(row: Row) -> str:
    return " > ".join(row["title"])


def flakiest_tests_by_week() -> Rows:
    found = []
    for (project, week, spec, test), ours in grouped(
        judged(), week_of, lambda row: row["spec"], title_of
    ).items():
        flaky = sum(row["is_flaky"] for row in ours)
        if flaky:
            one = {"project_id": project, "week": week, "spec": spec, "test": test}
            one |= {"executions": len(ours), "flaky": flaky, "flaky_rate": flaky / len(ours)}
            found.append(one)
    for row in found:
        order = (-row["flaky"], row["executions"], row["spec"], row["test"])
        row["place"] = 1 + sum(
            (-other["flaky"], other["executions"], other["spec"], other["test"]) < order
            for other in found
            if (other["project_id"], other["week"]) == (row["project_id"], row["week"])
        )
    return found


def part_of(values: list[int], percent: int) -> float:
    """Return what a part of the values is below, between two of them if it has to be."""
    place, rest = divmod((len(values) - 1) * percent, 100)
    low, high = [*sorted(values), max(values)][place : place + 2]
    return low + (high - low) * rest / 100


def slowest_specs() -> Rows:
    timed = [row for row in ROWS["specs"] if row["duration_ms"] is not None]
    found = []
    for (project, spec), ours in grouped(timed, lambda row: row["spec"]).items():
        taken = [row["duration_ms"] for row in ours]
        found.append({
            "project_id": project,
            "spec": spec,
            "executions": len(taken),
            "median_seconds": median(taken) / 1000,
            "p95_seconds": part_of(taken, 95) / 1000,
            "slowest_seconds": max(taken) / 1000,
            "total_minutes": sum(taken) / 60000,
        })
    return found


def failure_rate_by_branch() -> Rows:
    complete = [row for row in ROWS["runs"] if row["completion_state"] == "COMPLETE"]
    found = []
    for (project, branch), ours in grouped(complete, lambda row: row["branch"]).items():
        failed = sum(row["status"] == "FAILED" for row in ours)
        rate = failed / len(ours)
        found.append({"project_id": project, "branch": branch, "runs": len(ours)})
        found[-1] |= {"failed": failed, "failure_rate": rate}
    return found


def minutes_lost_to_retries() -> Rows:
    specs = {row["instance_id"]: row["spec"] for row in ROWS["tests"]}
    retries = [row for row in ROWS["attempts"] if row["attempt"] > 0]
    return [
        {
            "project_id": project,
            "week": week,
            "spec": spec,
            "retries": len(ours),
            "minutes_lost": sum(row["duration_ms"] or 0 for row in ours) / 60000,
        }
        for (project, week, spec), ours in grouped(
            retries, week_of, lambda row: specs[row["instance_id"]]
        ).items()
    ]


def machine_utilisation() -> Rows:
    """Count each millisecond in which a worker is busy."""
    machines = {row["instance_id"]: row["machine_id"] for row in ROWS["specs"]}
    ours = [
        row
        for row in ROWS["attempts"]
        if row["started_at"] and row["duration_ms"] and machines[row["instance_id"]]
    ]
    found = []
    for (project, day, run), attempts in grouped(
        ours, lambda row: row["day"], lambda row: row["run_id"]
    ).items():
        busy: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
        for row in attempts:
            began = (row["started_at"] - NOON) // timedelta(milliseconds=1)
            worker = machines[row["instance_id"]], row["parallel_index"] or 0
            busy[worker].update(range(began, began + row["duration_ms"]))
        moments = set().union(*busy.values())
        wall = max(moments) + 1 - min(moments)
        total = sum(map(len, busy.values()))
        found.append({
            "project_id": project,
            "day": day,
            "run_id": run,
            "machines": len({machine for machine, _ in busy}),
            "workers": len(busy),
            "busy_minutes": total / 60000,
            "wall_minutes": wall / 60000,
            "utilisation": total / (len(busy) * wall),
        })
    return found


def owners() -> Rows:
    found = []
    for (project, owner), ours in grouped(judged(), lambda row: row["owner"]).items():
        failed = sum(row["state"] == "failed" for row in ours)
        found.append({
            "project_id": project,
            "owner": owner,
            "tests": len({(row["spec"], title_of(row)) for row in ours}),
            "executions": len(ours),
            "failed": failed,
            "flaky": sum(row["is_flaky"] for row in ours),
            "failure_rate": failed / len(ours),
        })
    return found


COUNTED: dict[str, Callable[[], Rows]] = {
    "flakiest_tests_by_week": flakiest_tests_by_week,
    "slowest_specs": slowest_specs,
    "failure_rate_by_branch": failure_rate_by_branch,
    "minutes_lost_to_retries": minutes_lost_to_retries,
    "machine_utilisation": machine_utilisation,
    "owners": owners,
}
every_view = pytest.mark.parametrize("name", views.NAMES)


def plain(rows: Iterable[Row]) -> Rows:
    """Round, and sort by what is no fraction."""
    rounded = [
        {name: round(cell, 9) if isinstance(cell, float) else cell for name, cell in row.items()}
        for row in rows
    ]
    return sorted(rounded, key=str)


def in_duckdb(database: duckdb.DuckDBPyConnection) -> Read:
    def read(query: str) -> Rows:
        rows: Rows = database.sql(query).to_arrow_table().to_pylist()
        return rows

    return read


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("views") / ODD
    fill(target, "parquet", tuple(SCHEMAS))
    return target


def create(target: str | Path, *, into: str | Path | None = None) -> tuple[str, ...]:
    return asyncio.run(views.create(target, into=into))


def over_files(lake: Path) -> Iterator[Read]:
    with views.connect(lake) as database:
        yield in_duckdb(database)


def into_a_file(lake: Path) -> Iterator[Read]:
    into = lake.with_name("views.duckdb")
    assert create(lake, into=into) == views.NAMES
    assert create(str(lake), into=str(into)) == views.NAMES
    with duckdb.connect(into, read_only=True) as database:
        yield in_duckdb(database)


def in_a_file(lake: Path) -> Iterator[Read]:
    target = lake.with_name("it's.duckdb")
    fill(target, "duckdb", tuple(SCHEMAS))
    for _ in range(2):
        assert create(target) == views.NAMES
    with duckdb.connect(target, read_only=True) as database:
        yield in_duckdb(database)


def beside_a_file(lake: Path) -> Iterator[Read]:
    target = lake.with_name("beside.duckdb")
    fill(target, "duckdb", tuple(SCHEMAS))
    with views.connect(target) as database:
        yield in_duckdb(database)


def in_postgresql(lake: Path) -> Iterator[Read]:
    if not IS_INSTALLED:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    pytest.importorskip("adbc_driver_postgresql.dbapi", reason="an engine")
    with postgres() as server:
        url = create_database(server, "views") + "?schema=my+views"
        fill(url, "postgres", tuple(SCHEMAS))
        for _ in range(2):
            assert create(url) == views.NAMES
        with closing(Database(Address(url))) as database:
            database.run('SET search_path = "my views"', "SET TimeZone = 'America/Los_Angeles'")

            def read(query: str) -> Rows:
                return [row for batch in database.read(query) for row in batch.to_pylist()]

            yield read


def in_spark(lake: Path) -> Iterator[Read]:
    with session_in(lake.with_name("spark")) as spark:
        assert views.register(spark, lake) == views.NAMES
        ask_spark = block_with("ask_spark")["ask_spark"]
        assert ask_spark(spark, str(lake), "SELECT 1 FROM owners").count() == len(owners())
        yield lambda query: [row.asDict() for row in spark.sql(query).collect()]


ENGINES = [
    over_files,
    into_a_file,
    in_a_file,
    beside_a_file,
    pytest.param(in_postgresql, marks=pytest.mark.engines),
    pytest.param(in_spark, marks=[pytest.mark.engines, pytest.mark.xdist_group("spark")]),
]


@pytest.fixture(scope="module", params=ENGINES)
def read(request: pytest.FixtureRequest, lake: Path) -> Iterator[Read]:
    yield from request.param(lake)


@every_view
def test_a_view_says_what_python_counts(read: Read, name: str) -> None:
    counted = COUNTED[name]()
    assert len(counted) > 2
    assert plain(read(f"SELECT * FROM {name}")) == plain(counted)  # noqa: S608 - ours


@pytest.mark.parametrize("query", fenced("sql"))
def test_the_queries_of_the_guide_run_everywhere(read: Read, lake: Path, query: str) -> None:
    with views.connect(lake) as database:
        expected = in_duckdb(database)(query)
    found = read(query)
    assert plain(map(without_decimals, found)) == plain(map(without_decimals, expected))


def without_decimals(row: Row) -> Row:
    """Make numbers of what is a sum of whole numbers, which ADBC has as a text."""
    return {
        name: int(cell) if name in {"attempts", "flaky_tests"} else cell
        for name, cell in row.items()
    }


def test_busy_workers_are_at_most_always_busy() -> None:
    """Intervals overlap in the rows, or nothing of this would be a test."""
    assert all(0 < row["utilisation"] <= 1 for row in machine_utilisation())
    claimed = sum(row["duration_ms"] or 0 for row in ROWS["attempts"] if row["started_at"])
    assert sum(row["busy_minutes"] for row in machine_utilisation()) * 60000 < claimed


class TestCreating:
    def test_leaves_out_views_of_tables_that_are_not_there(self, tmp_path: Path) -> None:
        fill(tmp_path / "x.duckdb", "duckdb", ("runs", "specs"))
        made = create(tmp_path / "x.duckdb")
        assert made == ("slowest_specs", "failure_rate_by_branch")

    def test_says_what_the_views_are(self, tmp_path: Path) -> None:
        fill(tmp_path / "x.duckdb", "duckdb", ("runs",))
        create(tmp_path / "x.duckdb")
        with duckdb.connect(tmp_path / "x.duckdb") as database:
            found = database.sql("SELECT comment FROM duckdb_views() WHERE NOT internal").fetchall()
        assert found == [(view_of("failure_rate_by_branch").about,)]

    def test_replaces_no_table(self, tmp_path: Path) -> None:
        fill(tmp_path / "x.duckdb", "duckdb", ("runs",))
        with duckdb.connect(tmp_path / "x.duckdb") as database:
            database.execute("CREATE TABLE failure_rate_by_branch AS SELECT 'mine' AS what")
        with pytest.raises(ExportError, match="failure_rate_by_branch"):
            create(tmp_path / "x.duckdb")

    def test_an_export_goes_on_afterwards(self, tmp_path: Path) -> None:
        fill(tmp_path / "x.duckdb", "duckdb", ("runs",))
        with duckdb.connect(tmp_path / "x.duckdb") as database:
            database.execute("ALTER TABLE runs DROP COLUMN title")
        create(tmp_path / "x.duckdb")
        fill(tmp_path / "x.duckdb", "duckdb", ("runs",))
        with duckdb.connect(tmp_path / "x.duckdb") as database:
            assert len(database.sql("FROM failure_rate_by_branch").fetchall()) > 2

    def test_needs_an_export(self, tmp_path: Path) -> None:
        duckdb.connect(tmp_path / "x.duckdb").close()
        for target in (tmp_path / "nowhere", tmp_path / "x.duckdb"):
            into = tmp_path / "v.duckdb" if target.name == "nowhere" else None
            with pytest.raises(ExportError, match="there is no export at"):
                create(target, into=into)
            with pytest.raises(ExportError, match="there is no export at"):
                views.connect(target)
        assert [path.name for path in tmp_path.iterdir()] == ["x.duckdb"]

    @pytest.mark.parametrize(
        ("target", "into", "complaint"),
        [
            ("lake", None, "say which DuckDB file"),
            ("lines", "v.duckdb", "not ndjson.gz"),
            ("x.duckdb", "v.duckdb", "into is for files"),
            ("postgresql://u:s3cret@h/x", "v.duckdb", "into is for files"),
            ("nonsense://x", "v.duckdb", "cannot be read"),
            ("", None, "target must"),
        ],
    )
    def test_refuses_other_targets(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        target: str,
        into: str | None,
        complaint: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        fill("lake", "parquet", ("runs",))
        fill("lines", "ndjson.gz", ("runs",))
        fill("x.duckdb", "duckdb", ("runs",))
        with pytest.raises(InvalidArgumentError, match=complaint):
            create(target, into=into)
        assert not Path("v.duckdb").exists()


def test_queries_are_of_a_dialect() -> None:
    assert tuple(views.queries("spark")) == views.NAMES
    assert "unix_millis(attempts.started_at)" in views.queries("spark")["machine_utilisation"]
    with pytest.raises(InvalidArgumentError, match="dialect"):
        views.queries("mysql")  # type: ignore[arg-type]  # on purpose
