"""Which windows a pipeline has loaded, as plain JSON in its state, which it keeps with the data."""

from collections.abc import Iterable, MutableMapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from currents_async.errors import InvalidArgumentError
from currents_async.export._windows import Window
from currents_async.export._write.journal import Entry

_DAY = timedelta(days=1)

Span = tuple[date, date]
"""Days from the first one up to, but not including, the second one."""


class _Project(msgspec.Struct):
    final: list[Span] = []
    """Days that never need to be loaded again; no two spans overlap or meet."""
    open: dict[date, Entry] = {}
    """Other days that were loaded, or whose list failed."""
    first: dict[date, datetime] = {}
    """When each of those was first loaded."""


class LoadedWindows:
    """The windows in a state, whose size does not depend on the number of final days."""

    def __init__(self, state: MutableMapping[str, Any], tables: Iterable[str]) -> None:
        """Read and change a state, which is empty at first.

        Raises `InvalidArgumentError` if other tables have been loaded before.
        """
        self._state = state
        self._tables = list(tables)
        before = state.get("tables", self._tables)
        if before != self._tables:
            raise InvalidArgumentError(
                f"this pipeline has loaded the tables {', '.join(before)}: load the same "
                "tables, or use another pipeline and dataset for other ones"
            )

    def is_final(self, window: Window) -> bool:
        """Return whether a window never has to be loaded again."""
        spans = self._project(window.project_id).final
        return any(first <= window.day < end for first, end in spans)

    def loaded_at(self, window: Window) -> datetime | None:
        """Return when a window that is not final was last loaded, if ever."""
        entry = self._project(window.project_id).open.get(window.day)
        return None if entry is None else entry.exported_at

    def begin_beside_others(self) -> None:
        """Note that there are rows that the state, which is empty, does not know of."""
        self._state["beside_others"] = True

    def may_be_there(self, window: Window) -> bool:
        """Return whether there may be rows of a window already."""
        return self._state.get("beside_others", False) or self.loaded_at(window) is not None

    def first_loaded_at(self, window: Window) -> datetime | None:
        """Return when a window that is not final was first loaded, if ever."""
        return self._project(window.project_id).first.get(window.day)

    def add(self, entry: Entry, *, final: bool) -> None:
        """Note that a window has been loaded."""
        project = self._project(entry.project_id)
        if final:
            project.open.pop(entry.day, None)
            project.first.pop(entry.day, None)
            project.final = _with_day(project.final, entry.day)
        else:
            project.open[entry.day] = entry
            if entry.exported_at is not None:
                project.first.setdefault(entry.day, entry.exported_at)
        self._state["tables"] = self._tables
        self._state.setdefault("projects", {})[entry.project_id] = msgspec.to_builtins(project)

    def _project(self, project_id: str) -> _Project:
        return msgspec.convert(self._state.get("projects", {}).get(project_id, {}), _Project)


def _with_day(spans: Iterable[Span], day: date) -> list[Span]:
    first, end = day, day + _DAY
    separate: list[Span] = []
    for span in spans:
        if span[0] <= end and first <= span[1]:
            first, end = min(first, span[0]), max(end, span[1])
        else:
            separate.append(span)
    return sorted([*separate, (first, end)])
