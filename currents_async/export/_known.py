"""What is known of a window before it is exported again, and what to fetch of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from currents_async.export._fetch.selection import Selection
from currents_async.export._missing import Missing
from currents_async.export._windows import Window
from currents_async.export._write.journal import Entry, Journal, WindowState


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier exports left of a window, by default nothing, and what to fetch now."""

    entry: Entry | None = None
    state: WindowState = WindowState()
    selection: Selection = Selection()


NOTHING = Known()


def known_in_full(journal: Journal, window: Window) -> Known:
    """Return what is known of a window that is to be fetched in full."""
    return Known(entry=journal.entry(window), state=journal.state(window))


def known_to_resume(
    journal: Journal, window: Window, *, now: datetime, look_back: timedelta
) -> Known | None:
    """Return what is known of a window of which only what can have changed is to be fetched.

    None if that is nothing, or nothing that is due yet.
    """
    entry = journal.entry(window)
    if entry is None:
        return NOTHING
    if entry.is_final(now=now, look_back=look_back):
        return None
    state = journal.state(window)
    selection = _what_can_have_changed(entry, state, now=now, look_back=look_back)
    return None if selection is None else Known(entry=entry, state=state, selection=selection)


def _what_can_have_changed(
    entry: Entry, state: WindowState, *, now: datetime, look_back: timedelta
) -> Selection | None:
    due = [missing for missing in state.missing if missing.is_due(now)]
    missing_lists = [missing for missing in state.missing if not missing.run_id]
    if missing_lists:
        # Nothing else of the window is fetched before its list, which is due at every export while
        # runs still come and change.
        is_recent = now - entry.window.end < look_back
        is_given_up = all(missing.next_try is None for missing in missing_lists)
        lists = not is_given_up and (is_recent or any(one in due for one in missing_lists))
    else:
        # A record without a state was written by an older release, or was cut off.
        has_state = bool(state.missing) or not entry.failures
        is_complete = has_state and entry.is_settled(now=now, look_back=look_back)
        lists = not is_complete or not all(missing.instance_id for missing in due)
    if not lists and (missing_lists or not due):
        return None
    return Selection(
        lists=lists,
        done=state.done,
        waiting=frozenset(
            missing.run_id
            for missing in state.missing
            if missing not in due and not missing.instance_id
        ),
        instances=_instances_among(due),
    )


def _instances_among(missing: Iterable[Missing]) -> Mapping[str, Mapping[str, str]]:
    instances: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for one in missing:
        if one.instance_id:
            instances[one.run_id][one.instance_id] = one.spec
    return instances
