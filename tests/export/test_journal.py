from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from currents_async import ExportError
from currents_async.export._missing import Missing
from currents_async.export._windows import Window
from currents_async.export._write.journal import Entry, Journal, Options, WindowState
from currents_async.export._write.local_store import LocalStore

NAME = "_currents/journal.ndjson"
DAY = date(2026, 1, 5)
OVER = datetime(2026, 1, 6, tzinfo=UTC)
"""When the day is."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LOOK_BACK = timedelta(hours=48)
OPTIONS = Options(format="parquet", tables=("runs", "tests"), branches=("main",))


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path)
    store.prepare()
    return store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / NAME


def entry(
    day: int = 5,
    *,
    at: datetime | None = OVER + HOUR,
    open_runs: int = 0,
    failures: int = 0,
    project: str = "p",
) -> Entry:
    return Entry(
        project_id=project,
        day=date(2026, 1, day),
        exported_at=at,
        open_runs=open_runs,
        failures=failures,
    )


def begun(store: LocalStore, *entries: Entry) -> Journal:
    journal = Journal(store, NAME)
    journal.begin(OPTIONS)
    for one in entries:
        journal.add(one)
    return journal


class TestFinal:
    """Nothing of a day can have changed since it was exported."""

    @staticmethod
    def is_final(one: Entry, *, now: datetime = OVER + timedelta(days=30)) -> bool:
        return one.is_final(now=now, look_back=LOOK_BACK)

    @pytest.mark.parametrize(
        ("at", "final"),
        [
            (OVER - HOUR, False),
            (OVER, False),
            (OVER + 4 * MINUTE, False),  # clocks are never quite the same
            (OVER + 5 * MINUTE, True),
            (OVER + timedelta(days=365), True),
        ],
    )
    def test_a_day_has_to_be_over(self, at: datetime, *, final: bool) -> None:
        assert self.is_final(entry(at=at), now=at) is final

    @pytest.mark.parametrize(
        ("age", "final"),
        [(HOUR, False), (LOOK_BACK - MINUTE, False), (LOOK_BACK, True), (2 * LOOK_BACK, True)],
    )
    def test_runs_in_progress_are_looked_back_at(self, age: timedelta, *, final: bool) -> None:
        assert self.is_final(entry(at=OVER + age, open_runs=1)) is final

    def test_for_any_look_back(self) -> None:
        late = entry(at=OVER + timedelta(days=300), open_runs=1)
        assert not late.is_final(now=OVER + timedelta(days=400), look_back=timedelta.max)
        soon = entry(at=OVER + 5 * MINUTE, open_runs=1)
        assert soon.is_final(now=OVER + HOUR, look_back=timedelta())

    def test_not_with_failures(self) -> None:
        assert not self.is_final(entry(at=OVER + timedelta(days=20), failures=1))

    def test_not_while_it_is_being_replaced(self) -> None:
        assert not self.is_final(entry(at=None))

    def test_not_if_a_clock_was_ahead(self) -> None:
        """It may have seen the day as over before it began."""
        ahead = entry(at=OVER + timedelta(days=365))
        assert not self.is_final(ahead, now=OVER + HOUR)
        assert self.is_final(ahead, now=OVER + timedelta(days=366))


class TestRecord:
    def test_nothing_yet(self, store: LocalStore, path: Path) -> None:
        assert Journal(store, NAME).entry(Window(DAY, "p")) is None
        assert not path.exists()

    def test_it_is_read_again(self, store: LocalStore) -> None:
        entries = [entry(5), entry(6, failures=2), entry(5, project="ü/q", open_runs=1)]
        begun(store, *entries)
        journal = Journal(store, NAME)
        journal.begin(OPTIONS)
        for one in entries:
            assert journal.entry(one.window) == one
        assert journal.entry(Window(date(2026, 1, 7), "p")) is None

    def test_one_line_per_commit_in_order(self, store: LocalStore, path: Path) -> None:
        begun(store, entry(5), entry(6))
        header, first, second = path.read_bytes().splitlines()
        assert msgspec.json.decode(header)["version"] == 1
        assert msgspec.json.decode(first, type=Entry) == entry(5)
        assert msgspec.json.decode(second, type=Entry) == entry(6)
        assert len(second) < 80

    def test_the_last_line_applies(self, store: LocalStore) -> None:
        journal = begun(store, entry(failures=3), entry(at=OVER + LOOK_BACK))
        for one in (journal, Journal(store, NAME)):
            assert one.entry(Window(DAY, "p")) == entry(at=OVER + LOOK_BACK)

    def test_a_window_that_is_being_replaced_has_no_date(
        self, store: LocalStore, path: Path
    ) -> None:
        journal = begun(store, entry(5))
        before = path.read_bytes()
        journal.reopen(Window(date(2026, 1, 6), "p"))  # there was nothing
        assert path.read_bytes() == before
        journal.reopen(Window(DAY, "p"))
        for one in (journal, Journal(store, NAME)):
            assert one.entry(Window(DAY, "p")) == entry(at=None)


class TestState:
    """What is known of the runs of a window is beside the record, while the window is open."""

    STATE = WindowState(
        done={"r1": "0123456789abcdef"},
        missing=(Missing(run_id="r2", instance_id="i", message="no", since=OVER, next_try=OVER),),
    )

    def test_it_is_read_again(self, store: LocalStore) -> None:
        window = Window(DAY, "ü/q")
        journal = begun(store)
        assert journal.state(window) == WindowState()
        journal.add(entry(project="ü/q", failures=1), self.STATE)
        for one in (journal, Journal(store, NAME)):
            assert one.state(window) == self.STATE
            assert one.state(Window(DAY, "other")) == WindowState()

    def test_a_final_window_has_none(self, store: LocalStore, tmp_path: Path) -> None:
        journal = begun(store)
        journal.add(entry(failures=1), self.STATE)
        assert [*tmp_path.rglob("day=*.json")]
        journal.add(entry(), self.STATE)
        assert not [*tmp_path.rglob("day=*.json")]
        assert Journal(store, NAME).state(Window(DAY, "p")) == WindowState()

    @pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"{}")])
    def test_one_with_another_digest_is_ignored(
        self, store: LocalStore, tmp_path: Path, damage: Callable[[Path], object]
    ) -> None:
        """As when an export was killed in between, or an older release went on."""
        begun(store).add(entry(failures=1), self.STATE)
        [path] = tmp_path.rglob("day=*.json")
        damage(path)
        assert Journal(store, NAME).state(Window(DAY, "p")) == WindowState()

    def test_it_is_kept_while_the_window_is_being_replaced(self, store: LocalStore) -> None:
        journal = begun(store)
        journal.add(entry(failures=1), self.STATE)
        journal.reopen(Window(DAY, "p"))
        assert Journal(store, NAME).state(Window(DAY, "p")) == self.STATE

    def test_journals_of_older_releases_have_none(self, store: LocalStore, path: Path) -> None:
        begun(store)
        line = b'{"project_id":"p","day":"2026-01-05","exported_at":"2026-01-06T01:00:00Z",'
        with path.open("ab") as file:
            file.write(line + b'"open_runs":0,"failures":2}\n')
        journal = Journal(store, NAME)
        assert journal.entry(Window(DAY, "p")) == entry(failures=2)
        assert journal.state(Window(DAY, "p")) == WindowState()


class TestOtherMachines:
    def test_another_export_is_detected(self, store: LocalStore, path: Path) -> None:
        ours, theirs = begun(store, entry(5)), Journal(store_of(path), NAME)
        ours.check()
        theirs.add(entry(6))
        theirs.check()
        before = path.read_bytes()
        for write in (ours.check, lambda: ours.add(entry(7)), lambda: ours.reopen(entry(5).window)):
            with pytest.raises(ExportError, match="another export writes to this target"):
                write()
        assert path.read_bytes() == before


def store_of(path: Path) -> LocalStore:
    return LocalStore(path.parents[1])


class TestOptions:
    def test_the_same_again(self, store: LocalStore, path: Path) -> None:
        begun(store)
        before = path.read_bytes()
        begun(store)
        assert path.read_bytes() == before

    @pytest.mark.parametrize(
        ("other", "message"),
        [
            ({"format": "duckdb"}, "with format parquet, not duckdb: use the same"),
            ({"tables": ("runs",)}, r"holds the tables runs.*: leave out tables"),
            (
                {"only_failed": True, "authors": ("Ada",)},
                "with only_failed false, not true and authors none, not Ada: use the same",
            ),
            ({"branches": ()}, "with branches main, not none: use the same"),
            ({"tags": ("a",)}, "with tags none, not a: use the same"),
        ],
    )
    def test_others_are_refused(
        self, store: LocalStore, path: Path, other: dict[str, object], message: str
    ) -> None:
        begun(store, entry())
        before = path.read_bytes()
        with pytest.raises(ExportError, match=message):
            Journal(store, NAME).begin(msgspec.structs.replace(OPTIONS, **other))
        assert path.read_bytes() == before


class TestDamage:
    def test_a_torn_last_line_is_dropped(self, store: LocalStore, path: Path) -> None:
        begun(store, entry(5), entry(6))
        text = path.read_bytes()
        whole = text[: text.rindex(b"\n", 0, -1) + 1]
        for end in (len(whole) + 1, len(whole) + 50, len(text) - 2, len(text) - 1):
            path.write_bytes(text[:end])
            journal = Journal(store, NAME)
            assert journal.entry(Window(DAY, "p")) == entry(5)
            assert journal.entry(Window(date(2026, 1, 6), "p")) is None
            assert path.read_bytes() == whole
            journal.add(entry(6))
            assert path.read_bytes() == text

    def test_a_torn_header_is_ignored(self, store: LocalStore, path: Path) -> None:
        begun(store)
        text = path.read_bytes()
        path.write_bytes(text[:-1])
        begun(store, entry())
        assert Journal(store, NAME).entry(Window(DAY, "p")) == entry()

    @pytest.mark.parametrize(
        "damage",
        [
            lambda text: b"\xff" + text,
            lambda text: text.replace(b"2026-01-05", b"2026-01-", 1),
            lambda text: text.replace(b'{"project_id":"p"', b'{"project_id":"\xc3"', 1),
            lambda text: text.replace(b"Z", b"", 1),  # a time without a zone
            lambda text: text.replace(b'"open_runs":1', b'"open_runs":' + b"[" * 9_999, 1),
            lambda text: b"\n" + text,
            lambda text: text.split(b"\n", 1)[1],  # no header
            lambda _: b"{}\n",
            lambda _: b'{"version":1}\n',
        ],
        ids=range(9),
    )
    def test_other_damage_is_refused_and_left_alone(
        self, store: LocalStore, path: Path, damage: Callable[[bytes], bytes]
    ) -> None:
        begun(store, entry(5, open_runs=1), entry(6))
        text = damage(path.read_bytes())
        for damaged in (text, text + b"torn"):
            path.write_bytes(damaged)
            with pytest.raises(ExportError, match="is damaged, or not the journal of an export"):
                Journal(store, NAME)
            assert path.read_bytes() == damaged

    @pytest.mark.parametrize("header", [b'{"version":2,"of":"the future"}\n', b'{"version":0}\n'])
    def test_other_versions_are_refused(self, store: LocalStore, path: Path, header: bytes) -> None:
        path.write_bytes(header)
        with pytest.raises(ExportError, match="another release of this library"):
            Journal(store, NAME)
        assert path.read_bytes() == header

    @settings(max_examples=30)  # each writes to the disk for good
    @given(
        st.lists(st.builds(entry, st.integers(1, 9), project=st.text(max_size=3)), max_size=6),
        st.data(),
    )
    def test_cut_off_anywhere_it_holds_all_whole_lines(
        self, tmp_path_factory: pytest.TempPathFactory, entries: list[Entry], data: st.DataObject
    ) -> None:
        directory = tmp_path_factory.mktemp("journal")
        store = LocalStore(directory)
        store.prepare()
        begun(store, *entries)
        text = (directory / NAME).read_bytes()
        end = data.draw(st.integers(0, len(text)))
        (directory / NAME).write_bytes(text[:end])
        journal = Journal(store, NAME)
        said = {one.window: one for one in entries[: max(0, text[:end].count(b"\n") - 1)]}
        for one in entries:
            assert journal.entry(one.window) == said.get(one.window)
