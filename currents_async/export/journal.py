"""The record of what has been exported, beside the data."""

from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec

from currents_async.errors import ExportError
from currents_async.export.stores import Store
from currents_async.export.windows import Window

_VERSION = 1
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


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A window that has been committed."""

    project_id: str
    day: date
    exported_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """When fetching began, or before; None while what was committed is being replaced."""
    open_runs: int = 0
    """Runs that had not ended by then."""
    failures: int = 0
    """What could not be fetched: rows of the table `errors`."""

    @property
    def window(self) -> Window:
        """What it is about."""
        return Window(self.day, self.project_id)

    def is_final(self, *, now: datetime, look_back: timedelta) -> bool:
        """Say whether nothing of the window can have changed since.

        What was written in the future was written by a clock that was wrong.
        """
        if self.failures or self.exported_at is None:
            return False
        age = self.exported_at - self.window.end
        if age < _TOLERANCE or self.exported_at - now > _TOLERANCE:
            return False
        return not self.open_runs or age >= look_back


class Journal:
    """A line for each window that was committed, written after its data; the last one counts.

    It grows by a hundred bytes a window, each time the window is exported.
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

    def entry(self, window: Window) -> Entry | None:
        """Return what is said of a window."""
        return self._entries.get(window)

    def add(self, entry: Entry) -> None:
        """Record that a window has been committed."""
        self._write(entry)
        self._entries[entry.window] = entry

    def reopen(self, window: Window) -> None:
        """Record that what was committed of a window is about to be replaced."""
        if window in self._entries:
            self.add(Entry(project_id=window.project_id, day=window.day))

    def _write(self, line: Header | Entry) -> None:
        self._store.append(self._name, msgspec.json.encode(line) + b"\n")

    def _read(self, text: bytes) -> None:
        whole, newline, torn = text.rpartition(b"\n")
        if whole:
            self._decode(whole.split(b"\n"))
        if torn:
            self._replace(whole + newline)

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

    def _replace(self, text: bytes) -> None:
        staged = self._store.stage(self._name)
        staged.write_bytes(text)
        self._store.publish(staged, self._name)


class _Versioned(msgspec.Struct, frozen=True):
    version: int
