"""The record of what has been exported, beside the data."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Annotated
from urllib.parse import quote

import msgspec

from currents_async.errors import ExportError
from currents_async.export._missing import Missing
from currents_async.export._windows import Window
from currents_async.export._write.stores import RECORDS, Store

_VERSION = 1
_OUTDATED = "outdated"
"""In place of a digest: there is a state, of what was committed before."""
_TOLERANCE = timedelta(minutes=5)
"""How far clocks may be apart, and lists behind."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What says which data a target holds, and how."""

    format: str
    tables: tuple[str, ...]
    only_failed: bool = False
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: what a target was begun with. All later exports to it have to agree."""

    version: int = _VERSION
    options: Options


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A window that has been committed."""

    project_id: str
    day: date
    exported_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """When fetching began, or before; None while what was committed is being replaced."""
    open_runs: int = 0
    """Runs that had not ended by then."""
    failures: int = 0
    """What could not be fetched, and is asked for again: rows of the table `errors`."""
    kept: int = 0
    """Those of them of which rows of an earlier export are there."""
    digest: str = ""
    """Of its `WindowState`; empty without one."""

    @property
    def window(self) -> Window:
        """What it is about."""
        return Window(self.day, self.project_id)

    def is_settled(self, *, now: datetime, look_back: timedelta) -> bool:
        """Return whether no run of the window can have come or changed since.

        What was written in the future was written by a clock that was wrong.
        """
        if self.exported_at is None:
            return False
        age = self.exported_at - self.window.end
        if age < _TOLERANCE or self.exported_at - now > _TOLERANCE:
            return False
        return not self.open_runs or age >= look_back

    def is_final(self, *, now: datetime, look_back: timedelta) -> bool:
        """Return whether nothing of the window can have changed since, and nothing is missing."""
        return not self.failures and self.is_settled(now=now, look_back=look_back)

    @property
    def may_change(self) -> bool:
        """Whether there may be something to ask for again, however long one looks back."""
        at = self.exported_at
        return at is None or not self.is_final(now=at, look_back=timedelta.max)


class WindowState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What says which requests of a window lead to something new; only open windows have one."""

    done: dict[str, str] = {}
    """Runs that had ended and have been asked for: digests of what the list said, by their IDs."""
    missing: tuple[Missing, ...] = ()
    """What is missing of all runs."""


class Journal:
    """A line for each window that was committed, written after its data; the last one counts.

    It grows by a hundred bytes a window, each time the window is exported. What is known of the
    runs of a window that may change is in a file of its own, which goes when the window is final.
    """

    def __init__(self, store: Store, name: str) -> None:
        """Read what is there.

        Raises `ExportError` for a file that is no journal. A last line that was cut off, as by a
        loss of power, is dropped: its window is exported again.
        """
        self._store = store
        self._name = name
        self._options: Options | None = None
        self._entries: dict[Window, Entry] = {}
        self._read(store.read(name) or b"")

    def begin(self, options: Options) -> None:
        """Begin an export with options that say what the data is.

        Raises `ExportError` when the target was begun with others.
        """
        if self._options is None:
            self._write(Header(options=options))
            self._options = options
        changed = [
            name
            for name in options.__struct_fields__
            if getattr(options, name) != getattr(self._options, name)
        ]
        if changed:
            raise ExportError(
                f"this target holds an export with another {', '.join(changed)}: "
                "use the same options, or another target"
            )

    @property
    def is_empty(self) -> bool:
        """Whether no window has been committed."""
        return not self._entries

    def entry(self, window: Window) -> Entry | None:
        """Return what is said of a window."""
        return self._entries.get(window)

    def missing_of(self, windows: Iterable[Window]) -> int:
        """Return how much is not there of some windows, and will be asked for again."""
        entries = filter(None, map(self.entry, windows))
        return sum(entry.failures - entry.kept for entry in entries)

    def state(self, window: Window) -> WindowState:
        """Read what is known of a window; nothing where that is not of what was committed last."""
        entry = self.entry(window)
        if entry is not None and entry.digest:
            with self._store.fetch(_state_name(window)) as path:
                text = b"" if path is None else path.read_bytes()
            if _digest(text) == entry.digest:
                return msgspec.json.decode(text, type=WindowState)
        return WindowState()

    def check(self) -> None:
        """Raise `ExportError` when another export has written to the target in the meantime."""
        self._store.check(self._name)

    def add(self, entry: Entry, state: WindowState | None = None) -> None:
        """Record that a window has been committed, and for one that may change what is known."""
        before = self.entry(entry.window)
        if state is not None and entry.may_change:
            text = msgspec.json.encode(state)
            replace_text(self._store, _state_name(entry.window), text)
            entry = msgspec.structs.replace(entry, digest=_digest(text))
        self._record(entry)
        if not entry.digest and before is not None and before.digest:
            self._store.remove(_state_name(entry.window))

    def reopen(self, window: Window, *, keeps_rows: bool = True) -> None:
        """Record that what was committed of a window is about to be replaced.

        Where its rows are kept, what is known of it stays true, whichever of its tables are new by
        then. Else nothing is known any more.
        """
        entry = self.entry(window)
        if entry is not None:
            digest = entry.digest if keeps_rows else entry.digest and _OUTDATED
            self._record(msgspec.structs.replace(entry, exported_at=None, digest=digest))

    def _record(self, entry: Entry) -> None:
        self._write(entry)
        self._entries[entry.window] = entry

    def _write(self, line: Header | Entry) -> None:
        self._store.append(self._name, msgspec.json.encode(line) + b"\n")

    def _read(self, text: bytes) -> None:
        whole, newline, torn = text.rpartition(b"\n")
        if whole:
            self._decode(whole.split(b"\n"))
        if torn:
            replace_text(self._store, self._name, whole + newline)

    def _decode(self, lines: list[bytes]) -> None:
        try:
            version = msgspec.json.decode(lines[0], type=_Versioned).version
            if version != _VERSION:
                raise ExportError(
                    f"{self._name} is of version {version}, not {_VERSION}: another release of "
                    "this library wrote it"
                )
            self._options = msgspec.json.decode(lines[0], type=Header).options
            for line in lines[1:]:
                entry = msgspec.json.decode(line, type=Entry)
                self._entries[entry.window] = entry
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ExportError(f"{self._name} is damaged, or no record of an export") from error


def replace_text(store: Store, name: str, text: bytes) -> None:
    """Give a file another content, as a whole."""
    staged = store.stage(name)
    staged.write_bytes(text)
    store.publish(staged, name)


def _state_name(window: Window) -> str:
    project = quote(window.project_id, safe="")
    return f"{RECORDS}/open/project_id={project}/day={window.day}.json"


def _digest(text: bytes) -> str:
    return sha256(text).hexdigest()[:16]


class _Versioned(msgspec.Struct, frozen=True):
    version: int
