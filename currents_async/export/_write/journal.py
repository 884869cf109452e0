"""The journal: what has been exported, recorded beside the data."""

from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Annotated
from urllib.parse import quote

import msgspec

from currents_async.errors import ExportError
from currents_async.export._missing import Missing
from currents_async.export._tables import SCHEMAS, VERSION
from currents_async.export._windows import Window
from currents_async.export._write.stores import RECORDS, Records

_VERSION = 1
LAYOUT = 2
"""Of the files: 1 had a directory for each day, and project and day only in its name."""
_OUTDATED = "outdated"
"""In place of a digest: there is a state, but of what was committed before."""
_TOLERANCE = timedelta(minutes=5)
"""How much clocks may differ, and lists lag behind."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options that determine which data a target holds, and how."""

    format: str
    tables: tuple[str, ...]
    only_failed: bool = False
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: the options of the first export to a target, which bind all later ones."""

    version: int = _VERSION
    schema: int = 1
    """The version of the tables that the target was begun with."""
    layout: int = 1
    """The version of the directories and names of its files."""
    options: Options


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A window that has been committed."""

    project_id: str
    day: date
    exported_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """When fetching began, or earlier; None while what was committed is being replaced."""
    open_runs: int = 0
    """How many runs had not ended by then."""
    failures: int = 0
    """How much could not be fetched and will be tried again: rows of the table `errors`."""
    kept: int = 0
    """How many of the failures have rows of an earlier export."""
    digest: str = ""
    """The digest of its `WindowState`, if it has one."""
    schema: int = 1
    """The version of the tables that its newest rows were written with."""
    rows: dict[str, int] | None = None
    """The rows of each table that has some; None if an earlier release wrote it."""
    deleted: bool = False
    """Whether the window has been deleted since, and is as if it had never been exported."""

    @property
    def window(self) -> Window:
        """The window that it is about."""
        return Window(self.day, self.project_id)

    def is_settled(self, *, now: datetime, look_back: timedelta) -> bool:
        """Return whether no run of the window can have been added or changed since.

        An entry from the future was written with a wrong clock.
        """
        if self.exported_at is None:
            return False
        age = self.exported_at - self.window.end
        if age < _TOLERANCE or self.exported_at - now > _TOLERANCE:
            return False
        return not self.open_runs or age >= look_back

    def is_final(self, *, now: datetime, look_back: timedelta) -> bool:
        """Return whether nothing of the window can have changed since, or is missing."""
        return not self.failures and self.is_settled(now=now, look_back=look_back)

    def state(self, *, look_back: timedelta) -> str:
        """Return the word for it in the table `windows`."""
        at = self.exported_at
        if at is None or at < self.window.end + _TOLERANCE:
            return "not over"
        if not self.is_settled(now=at, look_back=look_back):
            return "open runs"
        return "missing" if self.failures else "final"

    @property
    def may_change(self) -> bool:
        """Whether there may be something to fetch again, however large `look_back` is."""
        at = self.exported_at
        return at is None or not self.is_final(now=at, look_back=timedelta.max)


class WindowState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to skip when a window is exported again; only windows that may change have one."""

    done: dict[str, str] = {}
    """Runs that had ended and were fetched: digests of what the list said, by run ID."""
    missing: tuple[Missing, ...] = ()
    """What is missing of the window."""


class Journal:
    """A line for each window that was committed, written after its data; the last one applies.

    Each export of a window adds about a hundred bytes. What is known of the runs of a window that
    may change is in a file of its own, which is removed when the window is final.
    """

    def __init__(self, store: Records, name: str, *, is_mine: bool = True) -> None:
        """Read a journal, if it exists.

        Raises `ExportError` for a file that is not a journal. A last line that was cut off, for
        example by a power failure, is dropped: its window is exported again. Unless the journal
        `is_mine`, an export may be about to write the rest of that line, and the file stays as it
        is.
        """
        self._store = store
        self._name = name
        self._is_mine = is_mine
        self._held: list[bytes] | None = None
        self._options: Options | None = None
        self.layout: int = LAYOUT
        """The version of the directories and names of the files of the target."""
        self._entries: dict[Window, Entry] = {}
        self._read(store.read(name) or b"")

    def check_format(self, wanted: str) -> None:
        """Raise `ExportError` if the target was begun with another format."""
        if self._options is not None and self._options.format != wanted:
            raise _changed([f"format {self._options.format}, not {wanted}"])

    def begin(self, options: Options) -> None:
        """Begin an export with the options that determine its data.

        Raises `ExportError` if the target was begun with other options.
        """
        self.tables_of(options.tables)
        if self._options is None:
            self._write(Header(schema=VERSION, layout=LAYOUT, options=options))
            self._options = options
        changed = [
            f"{name} {_words(before)}, not {_words(value)}"
            for name in options.__struct_fields__
            if (value := getattr(options, name)) != (before := getattr(self._options, name))
        ]
        if changed:
            raise _changed(changed)

    def tables_of(self, tables: Iterable[str] | None) -> tuple[str, ...]:
        """Return the tables of the target, or of a new one those that are given, by default all.

        Raises `ExportError` if other ones are given.
        """
        if self._options is None:
            return tuple(SCHEMAS if tables is None else tables)
        if tables is not None and tuple(tables) != self._options.tables:
            raise ExportError(
                f"this target holds the tables {', '.join(self._options.tables)}: leave out tables "
                "(--table) to go on with these, or use another target"
            )
        return self._options.tables

    @property
    def options(self) -> Options | None:
        """The options of the first export; None if there is no journal."""
        return self._options

    @property
    def windows(self) -> list[Window]:
        """The windows that have been committed, the oldest day first."""
        return sorted(self._entries)

    @property
    def is_empty(self) -> bool:
        """Whether no window has been committed."""
        return not self._entries

    def entry(self, window: Window) -> Entry | None:
        """Return the last entry of a window."""
        return self._entries.get(window)

    def missing_of(self, windows: Iterable[Window]) -> int:
        """Return how much is missing from some windows, and will be tried again."""
        entries = filter(None, map(self.entry, windows))
        return sum(entry.failures - entry.kept for entry in entries)

    def state(self, window: Window) -> WindowState:
        """Read what is known of a window; nothing if that does not match its last entry."""
        entry = self.entry(window)
        if entry is not None and entry.digest:
            with self._store.fetch(_state_name(window)) as path:
                text = b"" if path is None else path.read_bytes()
            if _digest(text) == entry.digest:
                return msgspec.json.decode(text, type=WindowState)
        return WindowState()

    @contextmanager
    def at_once(self) -> Generator[None]:
        """Write the lines of all that is recorded inside `with` at its end, as one."""
        self._held = []
        try:
            yield
            held, self._held = self._held, None
            if held:
                self._store.append(self._name, b"".join(held))
        finally:
            self._held = None

    def transaction(self) -> AbstractContextManager[None]:
        """Let what is committed inside `with` become visible as one with its lines, if possible."""
        return self._store.transaction()

    def check(self) -> None:
        """Raise `ExportError` if another export has written to the target meanwhile."""
        self._store.check(self._name)

    def add(self, entry: Entry, state: WindowState | None = None) -> None:
        """Record that a window has been committed, and its state if it may change."""
        before = self.entry(entry.window)
        if state is not None and entry.may_change:
            text = msgspec.json.encode(state)
            self._store.write(_state_name(entry.window), text)
            entry = msgspec.structs.replace(entry, digest=_digest(text))
        self._record(entry)
        if not entry.digest and before is not None and before.digest:
            self._store.remove(_state_name(entry.window))

    def reopen(self, window: Window, *, keeps_rows: bool = True) -> None:
        """Record that the committed rows of a window are about to be replaced.

        If old rows are kept, its state stays true, whichever of its tables have been replaced when
        the export is killed; if not, the state becomes outdated.
        """
        entry = self.entry(window)
        if entry is not None:
            digest = entry.digest if keeps_rows else entry.digest and _OUTDATED
            self._record(msgspec.structs.replace(entry, exported_at=None, digest=digest))

    def remove(self, window: Window) -> None:
        """Record that a window has been deleted."""
        entry = self.entry(window)
        if entry is not None:
            self._record(Entry(project_id=entry.project_id, day=entry.day, deleted=True))
            self._store.remove(_state_name(window))

    def _record(self, entry: Entry) -> None:
        self._write(entry)
        self._note(entry)

    def _note(self, entry: Entry) -> None:
        if entry.deleted:
            self._entries.pop(entry.window, None)
        else:
            self._entries[entry.window] = entry

    def _write(self, line: Header | Entry) -> None:
        text = msgspec.json.encode(line) + b"\n"
        if self._held is None:
            self._store.append(self._name, text)
        else:
            self._held.append(text)

    def _read(self, text: bytes) -> None:
        whole, newline, torn = text.rpartition(b"\n")
        if whole:
            self._decode(whole.split(b"\n"))
        if torn and self._is_mine:
            self._store.write(self._name, whole + newline)

    def _decode(self, lines: list[bytes]) -> None:
        try:
            versions = msgspec.json.decode(lines[0], type=_Versioned)
            if versions.version != _VERSION:
                raise ExportError(
                    f"{self._name} has version {versions.version}, not {_VERSION}: another release "
                    "of this library wrote it"
                )
            self._check_schema(versions.schema)
            header = msgspec.json.decode(lines[0], type=Header)
            self._options, self.layout = header.options, header.layout
            for line in lines[1:]:
                entry = msgspec.json.decode(line, type=Entry)
                self._check_schema(entry.schema)
                self._note(entry)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ExportError(
                f"{self._name} is damaged, or not the journal of an export"
            ) from error

    def _check_schema(self, version: int) -> None:
        if version > VERSION:
            raise ExportError(
                f"{self._name} is of tables of version {version}, and this release of the library "
                f"knows those up to {VERSION}: use a newer release, or another target"
            )


def _changed(options: Iterable[str]) -> ExportError:
    return ExportError(
        f"this target holds an export with {' and '.join(options)}: "
        "use the same options, or another target"
    )


def _words(option: object) -> str:
    return (", ".join(option) or "none") if isinstance(option, tuple) else str(option).lower()


def _state_name(window: Window) -> str:
    project = quote(window.project_id, safe="")
    return f"{RECORDS}/open/project_id={project}/day={window.day}.json"


def _digest(text: bytes) -> str:
    return sha256(text).hexdigest()[:16]


class _Versioned(msgspec.Struct, frozen=True):
    version: int
    schema: int = 1
