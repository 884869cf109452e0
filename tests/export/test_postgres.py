"""Exports into a real PostgreSQL."""

import asyncio
import os
import random
import signal
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from currents_async import ExportError
from currents_async.export import KEYS, SCHEMAS, lake
from currents_async.export._tables import STORED, VERSION
from currents_async.export._windows import Window
from currents_async.export._write import lock, postgres_database
from currents_async.export._write.postgres import PostgresSink
from currents_async.export._write.postgres_address import Address
from currents_async.export._write.postgres_database import Database
from currents_async.export._write.postgres_records import PostgresRecords
from currents_async.export._write.target import open_target
from currents_async.export.reports import read_trends
from currents_async.testing import FakeCurrents, RecordedRequest, World
from tests.documentation import block_with
from tests.export.batches import NEXT, WINDOW, batches_of, put, stage
from tests.export.chaos_child import Order, carry_out
from tests.export.children import LATER, at_work
from tests.export.exporting import NIGHT, SINCE, UNTIL, Exporter, both_frameworks, overtaken
from tests.export.landed import check, expected, in_postgres
from tests.export.postgres import IS_INSTALLED, create_database, postgres

pytest.importorskip("adbc_driver_postgresql.dbapi", reason="an engine")
pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(not IS_INSTALLED, reason="PostgreSQL: apt-get install postgresql"),
    pytest.mark.xdist_group("postgres"),
]

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def databases() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture
def url(databases: str, request: pytest.FixtureRequest) -> str:
    url: str = create_database(databases, f"d{abs(hash(request.node.nodeid))}")
    return url


@pytest.fixture
def ask(url: str) -> Ask:
    def ask(statement: str) -> list[tuple[Any, ...]]:
        with closing(Database(Address(url))) as database:
            if statement.startswith("SELECT"):
                return database.query(statement)
            database.run(statement)
            return []

    return ask


@pytest.fixture
def sink(url: str) -> Iterator[PostgresSink]:
    with opened(url) as sink:
        yield sink


@contextmanager
def opened(url: str, *, is_new: bool = True) -> Generator[PostgresSink]:
    with closing(Database(Address(url))) as database:
        records = PostgresRecords(database)
        records.prepare()
        records.tidy()
        records.make()
        with closing(PostgresSink(database, records, STORED, is_new=is_new)) as sink:
            yield sink


@pytest.fixture
def world() -> World:
    return both_frameworks([SINCE + number * NIGHT for number in range(3)], specs=2, flaky=1)


RUNS = "SELECT day, run_id, author_name FROM currents.runs ORDER BY 1, 2, 3"
GROUPS = "SELECT day, run_id FROM currents.run_groups ORDER BY 1, 2"


class TestExport:
    async def test_has_all_rows_and_can_be_resumed(
        self, exporter: Exporter, world: World, url: str, ask: Ask
    ) -> None:
        result = await exporter(url)
        assert (result.windows_done, result.failures) == (6, 0)
        assert in_postgres(url) == expected(world)
        assert (await exporter(url, resume=True)).windows_done == 0
        assert (await exporter(url)).rows == result.rows
        assert in_postgres(url) == expected(world)
        found = ask("SELECT state, open_runs, missing, rows FROM currents.windows")
        assert [row[:3] for row in found] == [("final", 0, 0)] * 6
        assert sum(rows for *_, rows in found) == sum(result.rows.values())

    async def test_rows_that_are_gone_are_kept(
        self, exporter: Exporter, world: World, url: str, ask: Ask
    ) -> None:
        exporter.now = SINCE + timedelta(hours=1)
        await exporter(url)
        gone = next(iter(world.runs))
        world.delete(gone)
        exporter.now = LATER
        result = await exporter(url, resume=True)
        assert result.gone == 1
        assert (gone,) in ask("SELECT run_id FROM currents.runs")
        assert ask("SELECT run_id, reason FROM currents.errors") == [(gone, "gone")]

    async def test_lists_that_failed_are_rows_of_each_day(
        self, exporter: Exporter, server: FakeCurrents, url: str, ask: Ask
    ) -> None:
        await exporter(url)
        server.fail("listProjectRuns", 400, None)
        await exporter(url)
        assert ask("SELECT run_id, reason FROM currents.errors") == [("", "failed")] * 6

    async def test_the_event_loop_never_waits_for_the_server(
        self, exporter: Exporter, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        threads: set[threading.Thread] = set()
        run = Database.run

        def note(database: Database, *statements: str) -> None:
            threads.add(threading.current_thread())
            run(database, *statements)

        monkeypatch.setattr(Database, "run", note)
        await exporter(url)
        assert threads
        assert threading.main_thread() not in threads

    async def test_the_lake_can_be_looked_at_and_thinned_out(
        self, exporter: Exporter, url: str, ask: Ask
    ) -> None:
        with pytest.raises(ExportError, match="there is no export at 127"):
            await lake.windows(url)
        assert ask("SELECT 1 FROM pg_namespace WHERE nspname = 'currents'") == []
        await exporter(url)
        assert len(await lake.windows(url)) == 6
        assert await lake.check(url) == []
        ask("DELETE FROM currents.tests WHERE position = 0 AND day = '2026-01-05'")
        assert {fault.table for fault in await lake.check(url)} == {"tests"}
        assert await lake.delete(url, projects=exporter.projects[:1]) == 3
        assert ask("SELECT DISTINCT project_id FROM currents.runs") == [(exporter.projects[1],)]
        with pytest.raises(ExportError, match="nothing to compact"):
            await lake.compact(url)

    async def test_the_program_of_the_guide(
        self, server: FakeCurrents, url: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CURRENTS_API_KEY", server.api_key)
        monkeypatch.setenv("CURRENTS_API_URL", server.url)
        project = server.world.project()
        project.run(specs=1, created_at=datetime.now(UTC) - NIGHT)
        load_database = block_with("load_database")["load_database"]
        assert await load_database([project.project_id], url) == 0
        assert ask("SELECT runs::int FROM currents.failure_rate_by_branch") == [(1,)]

    async def test_reports_read_it_as_they_read_files(
        self, exporter: Exporter, url: str, target: Path
    ) -> None:
        await exporter(url)
        await exporter(target)
        options: Any = {"projects": exporter.projects[:1], "until": SINCE + NIGHT}
        assert await read_trends(url, **options) == await read_trends(target, **options)
        with pytest.raises(ExportError, match="there is no export at 127"):
            await read_trends(f"{url}?schema=nope")

    async def test_two_schemas_are_two_targets(
        self, exporter: Exporter, url: str, ask: Ask
    ) -> None:
        await asyncio.gather(exporter(url), exporter(f'{url}?schema=o"ther'))
        [(here,)], [(there,)] = (
            ask(f"SELECT count(*) FROM {schema}.runs")  # noqa: S608 - ours
            for schema in ("currents", '"o""ther"')
        )
        assert here == there == 6


class TestWindows:
    def test_a_window_replaces_its_old_rows(self, sink: PostgresSink, ask: Ask) -> None:
        put(sink, WINDOW, "r1", "r2")
        put(sink, NEXT, "r3")
        put(sink, WINDOW, "r2", author="Eve")
        put(sink, NEXT)
        assert ask(RUNS) == [(WINDOW.day, "r2", "Eve")]
        assert ask(GROUPS) == [(WINDOW.day, "r2")]

    def test_windows_of_other_projects_are_left_alone(self, sink: PostgresSink, ask: Ask) -> None:
        put(sink, WINDOW, "r1")
        put(sink, Window(WINDOW.day, "o'th\\er"), "r2")
        put(sink, WINDOW)
        assert ask("SELECT project_id FROM currents.runs") == [("o'th\\er",)]

    def test_a_run_that_moves_to_another_window_is_there_once(
        self, sink: PostgresSink, ask: Ask
    ) -> None:
        put(sink, WINDOW, "r1", "r2")
        put(sink, NEXT, "r2", "r3")
        keys = [(WINDOW.day, "r1"), (NEXT.day, "r2"), (NEXT.day, "r3")]
        assert ask(GROUPS) == keys
        assert [row[:2] for row in ask(RUNS)] == keys

    def test_of_rows_with_one_key_the_first_is_kept(self, sink: PostgresSink, ask: Ask) -> None:
        stage(sink, WINDOW, "r1")
        put(sink, WINDOW, "r1", author="Eve")
        assert ask(RUNS) == [(WINDOW.day, "r1", "Ada")]

    def test_all_tables_change_together_or_none_does(
        self, sink: PostgresSink, ask: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(sink, WINDOW, "r1")
        stage(sink, WINDOW, "r1", "r2")
        run = sink._database.run

        def fail_at_last(*statements: str) -> None:
            run(*statements)
            if any(one.startswith("TRUNCATE") for one in statements):
                raise OSError("no more")

        monkeypatch.setattr(sink._database, "run", fail_at_last)
        with pytest.raises(OSError, match="no more"):
            sink.commit(WINDOW)
        assert ask(GROUPS) == [(WINDOW.day, "r1")]
        assert [row[:2] for row in ask(RUNS)] == [(WINDOW.day, "r1")]

    def test_values_are_those_of_the_batches(self, sink: PostgresSink) -> None:
        put(sink, WINDOW, "r1", "r2")
        for columns in (None, ["run_id", "created_at", "tags"]):
            [batch] = sink.read(WINDOW, "runs", columns)
            wanted = dict(batches_of(WINDOW, "r1", "r2"))["runs"]
            assert batch.to_pylist() == wanted.select(columns or wanted.schema.names).to_pylist()

    def test_what_it_cannot_store_is_replaced(self, sink: PostgresSink, ask: Ask) -> None:
        [row] = dict(batches_of(WINDOW, "r1"))["runs"].to_pylist()
        row |= {"commit_message": "a\0b", "tags": ["\0", "é", None]}
        sink.write(WINDOW, "runs", pa.RecordBatch.from_pylist([row], schema=SCHEMAS["runs"]))
        sink.commit(WINDOW)
        found = ask("SELECT commit_message, tags, author_name FROM currents.runs")
        assert found == [("a\ufffdb", ["\ufffd", "é", None], "Ada")]

    def test_nothing_is_left_of_what_is_not_committed(self, url: str, ask: Ask) -> None:
        with opened(url) as sink:
            stage(sink, WINDOW, "r1")
        assert ask(RUNS) == []
        assert not sink._staging._store.staging.exists()


class TestTables:
    def test_they_have_types_keys_indexes_and_comments(self, sink: PostgresSink, ask: Ask) -> None:
        types: dict[str, str] = dict(
            ask(
                "SELECT DISTINCT column_name, udt_name FROM information_schema.columns "
                "WHERE table_schema = 'currents' AND table_name = 'runs'"
            )
        )
        assert types.keys() == set(SCHEMAS["runs"].names)
        assert (types["tags"], types["created_at"]) == ("_text", "timestamptz")
        keys: dict[str, list[str]] = dict(
            ask(
                "SELECT i.indrelid::regclass::text, array_agg(a.attname ORDER BY k.place) "
                "FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k(number, place) "
                "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number "
                "WHERE indisprimary AND indrelid::regclass::text LIKE 'currents.%' GROUP BY 1"
            )
        )
        for table, key in KEYS.items():
            assert tuple(keys[f"currents.{table}"]) == key
        assert tuple(keys["currents.windows"]) == ("project_id", "day")
        columns = ask(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'currents' "
            "AND tablename = 'tests' AND indexdef NOT LIKE '%UNIQUE%' ORDER BY 1"
        )
        assert [one.partition("btree ")[2] for (one,) in columns] == [
            "(project_id, day)",
            "(run_id)",
            "(test_id)",
        ]
        comments = ask(
            "SELECT obj_description('currents.runs'::regclass), "
            "col_description('currents.runs'::regclass, 7)"
        )
        assert comments == [("Runs, one row each. Key: run_id.", "How long it took. Unit: ms.")]

    def test_others_in_the_schema_are_left_alone(self, url: str, ask: Ask) -> None:
        ask("CREATE SCHEMA currents; CREATE TABLE currents.mine AS SELECT 'precious' AS what")
        with opened(url) as sink:
            put(sink, WINDOW, "r1")
        assert ask("SELECT what FROM currents.mine") == [("precious",)]

    def test_columns_that_an_older_release_did_not_have_are_added(self, url: str, ask: Ask) -> None:
        with opened(url) as sink:
            put(sink, WINDOW, "r1")
        ask("ALTER TABLE currents.runs DROP COLUMN author_name, DROP COLUMN tags")
        ask("ALTER TABLE currents.runs ADD COLUMN mine text NOT NULL DEFAULT 'precious'")
        with opened(url, is_new=False) as sink:
            put(sink, NEXT, "r2")
        found = ask("SELECT run_id, author_name, tags, mine FROM currents.runs ORDER BY 1")
        assert found == [("r1", None, None, "precious"), ("r2", "Ada", ["a", "b"], "precious")]

    @pytest.mark.parametrize(
        ("alteration", "complaint"),
        [
            ("ALTER TABLE currents.runs ALTER COLUMN duration_ms TYPE text", "duration_ms"),
            ("ALTER TABLE currents.tests DROP COLUMN instance_id", "altered.*instance_id"),
            ("DROP TABLE currents.tests", "tests of this target was removed.*drop the schema"),
            (
                "DROP TABLE currents.tests; CREATE VIEW currents.tests AS SELECT 1 AS one",
                "tests in the schema currents is not a table",
            ),
        ],
    )
    async def test_that_were_altered_by_hand_are_refused(
        self, exporter: Exporter, url: str, ask: Ask, alteration: str, complaint: str
    ) -> None:
        await exporter(url)
        ask(alteration)
        exporter.asked()
        before = ask("SELECT count(*) FROM currents._currents_records")
        with pytest.raises(ExportError, match=complaint):
            await exporter(url)
        assert exporter.asked() == {}
        assert ask("SELECT count(*) FROM currents._currents_records") == before

    async def test_of_a_newer_release_are_refused(
        self, exporter: Exporter, url: str, ask: Ask
    ) -> None:
        await exporter(url)
        ask(
            f"UPDATE currents._currents_records SET content = "  # noqa: S608 - ours
            f"replace(content, '\"schema\":{VERSION}', '\"schema\":99')"
        )
        with pytest.raises(ExportError, match="use a newer release"):
            await exporter(url)


class TestRefusals:
    """Each is a clear error, before anything is sent, without the password."""

    PASSWORD = "s3cr%40t"

    async def refused(self, exporter: Exporter, url: str, match: str) -> None:
        with pytest.raises(ExportError, match=match) as caught:
            await exporter(url)
        shown = "".join(traceback.format_exception(caught.value))
        assert self.PASSWORD not in shown
        assert "s3cr@t" not in shown
        assert exporter.asked() == {}

    async def test_nobody_listens(self, exporter: Exporter) -> None:
        url = f"postgresql://ada:{self.PASSWORD}@127.0.0.1:1/x"
        await self.refused(exporter, url, "127.0.0.1:1/x .* cannot be connected to: .*refused")

    async def test_an_unknown_option(self, exporter: Exporter, url: str) -> None:
        await self.refused(exporter, f"{url}?password={self.PASSWORD}&colour=red", '"colour"')

    async def test_a_wrong_password(self, exporter: Exporter, url: str, ask: Ask) -> None:
        with suppress(ExportError):
            ask("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        other = url.replace("loader:trusted", f"guarded:{self.PASSWORD}")
        await self.refused(exporter, other, "password authentication failed")

    async def test_no_such_database(self, exporter: Exporter, databases: str) -> None:
        await self.refused(exporter, f"{databases}/nope", '"nope" does not exist')

    async def test_no_permission(self, exporter: Exporter, url: str, ask: Ask) -> None:
        with suppress(ExportError):
            ask("CREATE ROLE reader LOGIN")
        other = url.replace("loader:trusted", "reader")
        await self.refused(exporter, other, "permission denied for database.*AUTHORIZATION")
        ask("CREATE SCHEMA currents")
        await self.refused(exporter, other, "permission denied for schema currents")

    async def test_no_tls(self, exporter: Exporter, url: str) -> None:
        await self.refused(exporter, f"{url}?sslmode=require", "server does not support SSL")

    async def test_a_connection_that_is_lost_midway(
        self, exporter: Exporter, server: FakeCurrents, url: str, ask: Ask, world: World
    ) -> None:
        async def end(request: RecordedRequest) -> None:
            if request.operation == "getInstance":
                server.before_response = None
                ask(
                    "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )

        server.before_response = end
        with pytest.raises(ExportError, match=r"terminating connection|no connection|closed"):
            await exporter(url)
        await exporter(url, resume=True)
        assert await lake.check(url) == []
        assert ask("SELECT count(*) FROM currents.runs") == [(len(world.runs),)]


async def test_tls_is_checked_by_the_certificate(exporter: Exporter, tmp_path: Any) -> None:
    import trustme  # noqa: PLC0415

    authority, other = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca")
    other.cert_pem.write_to_path(tmp_path / "other")
    with postgres(certificate=authority.issue_cert("127.0.0.1")) as server:
        url = create_database(server, "x") + "?sslmode=verify-full&sslrootcert="
        with pytest.raises(ExportError, match="certificate verify failed"):
            await exporter(f"{url}{tmp_path}/other")
        assert (await exporter(f"{url}{tmp_path}/ca")).windows_done == 6


class TestTwoMachines:
    def test_a_second_export_is_refused_until_the_first_has_ended(
        self, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(postgres_database, "LOCK_WAIT", 0.05)
        # As if on another machine: the lock of files is not seen.
        monkeypatch.setattr(lock, "FileLock", lambda *_, **__: nullcontext())
        with open_target(url, None, None) as first:
            stage(first.sink, WINDOW, "r1")
            with (
                pytest.raises(ExportError, match="another export is writing to this target"),
                open_target(url, None, None),
            ):
                pass
        with open_target(url, None, None):
            pass

    async def test_a_day_that_was_fetched_earlier_does_not_overwrite_a_final_one(
        self,
        exporter: Exporter,
        world: World,
        url: str,
        ask: Ask,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Even where a proxy of connections makes locks of sessions worthless."""
        monkeypatch.setattr(lock, "FileLock", lambda *_, **__: nullcontext())
        monkeypatch.setattr(Database, "lock", lambda _: None)
        async with overtaken(exporter, world, url):
            final = ask("SELECT * FROM currents.runs ORDER BY run_id")
        assert ask("SELECT * FROM currents.runs ORDER BY run_id") == final
        assert (await exporter(url, resume=True, since=UNTIL - NIGHT)).windows_done == 0


@pytest.fixture
async def slow_server(world: World, no_task_is_left: None) -> AsyncIterator[FakeCurrents]:
    async with FakeCurrents(world, latency=0.02) as server:
        yield server


async def test_kills_lose_duplicate_and_tear_nothing(
    slow_server: FakeCurrents, world: World, databases: str
) -> None:
    dice, whole = random.Random(1), expected(world)  # noqa: S311 - the same moments each time
    kills = kills_left = int(os.environ.get("CHAOS_KILLS", "4"))
    rounds = committed = 0
    while kills_left:
        url = await asyncio.to_thread(create_database, databases, f"round{rounds}")
        work = Order(
            url=slow_server.url,
            key=slow_server.api_key,
            target=url,
            export_format="postgres",
            projects=[project.project_id for project in world.projects],
            now=LATER,
        )
        rounds += 1
        ending = -signal.SIGKILL
        while kills_left and ending:
            ending = await killed_after(
                work, slow_server, requests=dice.randrange(1, 25), seconds=dice.uniform(0, 2)
            )
            committed += bool(in_postgres(url)["runs"])
            kills_left -= ending == -signal.SIGKILL
            check(in_postgres(url), whole, at_once=True)
        await carry_out(work)
        assert in_postgres(url) == whole
    sys.stdout.write(f"postgres: {kills} kills of {rounds} exports, {committed} with rows\n")


async def killed_after(work: Order, server: FakeCurrents, *, requests: int, seconds: float) -> int:
    """Kill an export so long after its so many first requests, and return how it has ended."""
    enough = asyncio.Event()
    arrived = count(1)

    async def note(_: RecordedRequest) -> None:
        if next(arrived) == requests:
            enough.set()

    server.before_response = note
    async with at_work(work) as child:
        waiting = [asyncio.create_task(one) for one in (child.wait(), enough.wait())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await child.wait()
        if child.returncode is None:
            child.kill()
        ending = await child.wait()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    server.before_response = None
    assert ending in {0, -signal.SIGKILL}
    return ending
