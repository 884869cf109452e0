"""What is known of a window before it is exported again, and what is to be asked for then."""

from collections import defaultdict
from datetime import datetime, timedelta

import msgspec

from currents_async.export._fetch.found import Errand
from currents_async.export._windows import Window
from currents_async.export._write.journal import Entry, Journal, WindowState


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier export has left of a window, by default nothing, and what to ask for now."""

    entry: Entry | None = None
    state: WindowState = WindowState()
    errand: Errand = Errand()


NOTHING = Known()


def all_of(journal: Journal, window: Window) -> Known:
    """Return what is known of a window that all is to be asked for of."""
    return Known(entry=journal.entry(window), state=journal.state(window))


def what_can_change(
    journal: Journal, window: Window, *, now: datetime, look_back: timedelta
) -> Known | None:
    """Return what is known of a window, to ask for no more than can have changed.

    None when that is nothing, or nothing that is due by now.
    """
    entry = journal.entry(window)
    if entry is None:
        return NOTHING
    if entry.is_final(now=now, look_back=look_back):
        return None
    state = journal.state(window)
    errand = _errand_of(entry, state, now=now, look_back=look_back)
    return None if errand is None else Known(entry=entry, state=state, errand=errand)


def _errand_of(
    entry: Entry, state: WindowState, *, now: datetime, look_back: timedelta
) -> Errand | None:
    due = [missing for missing in state.missing if missing.is_due(now)]
    lists = [missing for missing in state.missing if not missing.run_id]
    if lists:
        # The rest of the window waits for its list: while runs come and change, not for nights.
        is_young = now - entry.window.end < look_back
        is_awaited = any(missing.next_try is not None for missing in lists)
        has_to_list = is_asked = is_awaited and (is_young or any(one in due for one in lists))
    else:
        is_settled = entry.is_settled(now=now, look_back=look_back)
        # A record without a state is of an older release, or was cut off.
        is_known = bool(state.missing) or not entry.failures
        has_to_list = not (is_settled and is_known) or not all(one.instance_id for one in due)
        is_asked = has_to_list or bool(due)
    if not is_asked:
        return None
    instances: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for missing in due:
        if missing.instance_id:
            instances[missing.run_id][missing.instance_id] = missing.spec
    return Errand(
        lists=has_to_list,
        done=state.done,
        waiting=frozenset(
            missing.run_id
            for missing in state.missing
            if missing not in due and not missing.instance_id
        ),
        instances=instances,
    )
