"""The database: bounded, private, never trusted, safe with other processes and after crashes."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from currents_async._cache.database import FILE
from currents_async._cache.responses import Lookup
from currents_async._cache.scope import Scope
from currents_async._cache.store import Store
from tests.cache.crash_child import ROOM, SCOPE, a_run, an_instance, bodies, kept

ROOT = Path(__file__).parents[2]
BODY = a_run("run").body


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """A store with a run and an instance of it."""
    with closing(Store(folder, ROOM)) as store:
        instance = an_instance("instance", run="run")
        store.write([kept(a_run("run")), lambda store: store.keep(instance)])
        yield store


def change(folder: Path, statement: str, *values: object) -> None:
    """Change the database behind the back of a store."""
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as database:
        assert database.execute(statement, values).rowcount


def is_kept(folder: Path, *names: str) -> list[bool]:
    with closing(Store(folder, ROOM)) as store:
        return [body is not None for body in bodies(store, names)]


class TestInstances:
    def test_are_kept_with_their_run(self, store: Store) -> None:
        assert bodies(store, ["run", "instance"]) == [BODY, an_instance("instance", "run").body]

    def test_of_an_unknown_run_are_not(self, store: Store) -> None:
        other = an_instance("other", run="unknown")
        store.write([lambda store: store.keep(other)])
        assert bodies(store, ["other"]) == [None]

    def test_in_doubt_wait_for_their_run(self, store: Store) -> None:
        other = an_instance("other", run="later")
        store.write([lambda store: store.keep(other, in_doubt=True)])
        assert bodies(store, ["other"]) == [None]
        store.write([kept(a_run("later"))])
        assert bodies(store, ["other"]) == [other.body]

    def test_that_were_requested_before_their_run_had_ended_are_not_found(
        self, store: Store
    ) -> None:
        other = an_instance("other", run="run", requested_at=0.5)
        store.write([lambda store: store.keep(other)])
        assert bodies(store, ["other"]) == [None]

    def test_are_forgotten_with_their_run(self, store: Store) -> None:
        store.write([lambda store: store.forget(SCOPE.name("run"))])
        assert bodies(store, ["run", "instance"]) == [None, None]

    def test_a_renewed_run_does_without_those_from_before(self, store: Store) -> None:
        run = a_run("run")._replace(requested_at=3.0)
        store.write([lambda store: store.keep_run(run, renews=False)])
        assert None not in bodies(store, ["run", "instance"])
        store.write([lambda store: store.keep_run(run, renews=True)])
        assert bodies(store, ["run", "instance"]) == [BODY, None]


class TestRoom:
    def test_what_was_used_last_stays(self, folder: Path) -> None:
        with closing(Store(folder, 3 * 4000)) as store:
            for name in ("first", "second", "third"):
                store.write([kept(a_run(name, b"x" * 3000))])
            bodies(store, ["first"])
        with closing(Store(folder, 3 * 4000)) as store:
            store.write([kept(a_run("fourth", b"x" * 3000))])
            names = ["first", "second", "third", "fourth"]
            assert [body is not None for body in bodies(store, names)] == [True, False, True, True]

    def test_a_run_goes_with_its_instances(self, folder: Path) -> None:
        with closing(Store(folder, 9000)) as store:
            one = an_instance("instance", "first")._replace(body=b"x" * 3000)
            store.write([kept(a_run("first", b"x" * 3000)), lambda store: store.keep(one)])
            store.write([kept(a_run("second", b"x" * 3000))])
            assert bodies(store, ["first", "instance"]) == [None, None]
            assert bodies(store, ["second"]) != [None]

    def test_what_is_larger_than_all_is_not_kept(self, folder: Path) -> None:
        with closing(Store(folder, 1000)) as store:
            store.write([kept(a_run("run"))])
            assert bodies(store, ["run"]) == [None]

    def test_the_file_grows_no_further(self, folder: Path) -> None:
        with closing(Store(folder, 1_000_000)) as store:
            for number in range(300):
                store.write([kept(a_run(str(number), os.urandom(20_000)))])
        assert sum(file.stat().st_size for file in folder.iterdir()) < 1_500_000

    def test_nothing_is_kept_for_more_than_a_month(self, store: Store, folder: Path) -> None:
        change(folder, "UPDATE runs SET since = since - 31 * 86400")
        store.write([kept(a_run("other"))])
        assert is_kept(folder, "run", "instance", "other") == [False, False, True]

    def test_clearing_gives_the_room_back(self, store: Store, folder: Path) -> None:
        store.write([kept(a_run("large", os.urandom(2_000_000)))])
        store.clear()
        assert sum(file.stat().st_size for file in folder.iterdir()) < 500_000
        assert is_kept(folder, "run", "large") == [False, False]


class TestBroken:
    @pytest.mark.parametrize(
        "damage",
        [
            "body = CAST(substr(body, 1, 99) || 'y' || substr(body, 101) AS BLOB)",
            "body = substr(body, 2)",
            "body = 17",
            "encoding = NULL",
            "requested_at = requested_at + 1",
            "seal = zeroblob(16)",
        ],
    )
    def test_a_response_is_dropped(self, store: Store, folder: Path, damage: str) -> None:
        change(folder, f"UPDATE responses SET {damage} WHERE name = run")  # noqa: S608 - ours
        assert bodies(store, ["run", "instance"])[0] is None
        store.write([])
        with closing(sqlite3.connect(folder / FILE)) as database:
            assert database.execute("SELECT count(*) FROM responses").fetchone() == (1,)
        store.write([kept(a_run("run"))])
        assert bodies(store, ["run"]) == [BODY]

    def test_one_response_does_not_pass_for_another(self, store: Store, folder: Path) -> None:
        change(folder, "DELETE FROM responses WHERE name = run")
        change(folder, "UPDATE responses SET name = run")
        assert bodies(store, ["run"]) == [None]

    def test_another_key_finds_nothing_even_by_name(self, store: Store) -> None:
        assert store.find([Lookup(Scope(b"other"), SCOPE.name("run"))]) == [None]

    @pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" * 9999])
    def test_a_file_is_replaced(self, store: Store, folder: Path, content: bytes) -> None:
        store.close()
        (folder / FILE).write_bytes(content)
        with closing(Store(folder, ROOM)) as anew:
            assert bodies(anew, ["run"]) == [None]
            anew.write([kept(a_run("run"))])
            assert bodies(anew, ["run"]) == [BODY]

    @pytest.mark.parametrize("work", ["find", "write"])
    def test_a_file_is_replaced_while_it_is_used(
        self, store: Store, folder: Path, work: str
    ) -> None:
        store.write([kept(a_run(str(number))) for number in range(200)])
        store.close()
        size = (folder / FILE).stat().st_size
        with closing(Store(folder, ROOM)) as opened:
            with (folder / FILE).open("r+b") as file:
                file.seek(16 * 1024)
                file.write(os.urandom(size - 16 * 1024))
            if work == "find":
                assert bodies(opened, ["run"]) == [None]
            opened.write([kept(a_run("run"))])
            assert bodies(opened, ["run"]) == [BODY]

    def test_a_file_of_another_version_is_emptied(self, store: Store, folder: Path) -> None:
        store.close()
        with closing(sqlite3.connect(folder / FILE)) as database:
            database.execute("PRAGMA user_version = 99")
        assert is_kept(folder, "run") == [False]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
class TestPrivacy:
    def test_only_the_user_can_read_it(self, store: Store, folder: Path) -> None:
        files = list(folder.iterdir())
        assert len(files) == 3  # with the log, and its index
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_the_mode_of_a_folder_stays(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)
        Store(tmp_path, ROOM).close()
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.parametrize(("what", "times"), [("together", 100), ("killed", 50)])
def test_processes(folder: Path, what: str, times: int) -> None:
    command = (sys.executable, "-W", "error", "-m", "tests.cache.crash_child")
    done = subprocess.run(  # noqa: S603 - our own
        [*command, str(folder), what, str(times)], cwd=ROOT, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
