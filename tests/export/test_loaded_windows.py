"""What a pipeline remembers, against a dict of everything that it was told."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import InvalidArgumentError
from currents_async.export._engines.loaded_windows import LoadedWindows
from currents_async.export._windows import Window
from currents_async.export._write.journal import Entry

FIRST = date(2026, 2, 20)
DAYS = [FIRST + timedelta(number) for number in range(15)]
PROJECTS = ["p", "q"]
LOADED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOADS = st.tuples(st.sampled_from(PROJECTS), st.sampled_from(DAYS), st.booleans())


def add(loaded: LoadedWindows, project_id: str, day: date, *, final: bool) -> None:
    loaded.add(Entry(project_id=project_id, day=day, exported_at=LOADED_AT), final=final)


@given(st.lists(LOADS, max_size=40))
def test_the_last_word_applies_but_final_stays_final(
    loads: list[tuple[str, date, bool]],
) -> None:
    state: dict[str, Any] = {}
    final: dict[Window, bool] = {}
    for project_id, day, is_final in loads:
        state = json.loads(json.dumps(state))  # as it comes back
        loaded = LoadedWindows(state, ["runs"])
        window = Window(day, project_id)
        add(loaded, project_id, day, final=is_final or final.get(window, False))
        final[window] = is_final or final.get(window, False)
    loaded = LoadedWindows(state, ["runs"])
    for window in (Window(day, project_id) for day in DAYS for project_id in PROJECTS):
        assert loaded.is_final(window) == final.get(window, False)
        is_open = window in final and not final[window]
        assert loaded.loaded_at(window) == (LOADED_AT if is_open else None)


def test_final_years_take_no_space() -> None:
    state: dict[str, Any] = {}
    loaded = LoadedWindows(state, ["runs"])
    for number in range(1000):
        add(loaded, "p", FIRST + timedelta(number), final=True)
    assert len(json.dumps(state)) < 120


def test_reading_changes_nothing() -> None:
    state: dict[str, Any] = {}
    assert not LoadedWindows(state, ["runs"]).is_final(Window(FIRST, "p"))
    assert state == {}


def test_other_tables_are_refused() -> None:
    state: dict[str, Any] = {}
    add(LoadedWindows(state, ["runs"]), "p", FIRST, final=True)
    with pytest.raises(InvalidArgumentError, match="has loaded the tables runs"):
        LoadedWindows(state, ["runs", "specs"])


def test_the_time_of_the_first_load_is_kept_until_final() -> None:
    state: dict[str, Any] = {}
    loaded, window = LoadedWindows(state, ["runs"]), Window(FIRST, "p")
    assert loaded.first_loaded_at(window) is None
    for hours in range(3):
        at = LOADED_AT + timedelta(hours=hours)
        loaded.add(Entry(project_id="p", day=FIRST, exported_at=at), final=False)
    assert (
        LoadedWindows(json.loads(json.dumps(state)), ["runs"]).first_loaded_at(window) == LOADED_AT
    )
    add(loaded, "p", FIRST, final=True)
    assert loaded.first_loaded_at(window) is None
    assert loaded.is_final(window)
