"""Count errors as the errors explorer does.

Each failed execution counts once, for the error of its last attempt, so that errors grouped by
message add up to the failed tests of the insights.
"""

from collections.abc import Callable, Sequence

from currents_async.testing._world.executions import WorldExecution
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.failures import ErrorFacts
from currents_async.testing._world.ids import iso
from currents_async.testing._world.insights import buckets

KEYS: dict[str, tuple[str, Callable[[ErrorFacts], str | None]]] = {
    "target": ("error_target", lambda error: error.target),
    "action": ("error_action", lambda error: error.action),
    "category": ("error_category", lambda error: error.category),
    "message": ("message", lambda error: error.message),
}
"""What errors are grouped by, and its name in an item."""

METRICS: dict[str, Callable[[Wire], int]] = {
    "occurrence": lambda item: item["count"],
    "test": lambda item: item["details"]["tests"]["count"],
    "branch": lambda item: item["details"]["branches"]["count"],
}
ORDERS = {"count": "occurrence", "tests": "test", "branches": "branch"}
"""The orders by a metric; the other order is by the name of the group."""

_Names = tuple[str | None, ...]
_Groups = dict[_Names, list[WorldExecution]]


def group_errors(executions: Sequence[WorldExecution], group_by: Sequence[str]) -> _Groups:
    """Group executions by the traits of their errors; None is a trait that an error lacks."""
    found: _Groups = {}
    for one in executions:
        if one.error is not None:
            names = tuple(KEYS[key][1](one.error) for key in group_by)
            found.setdefault(names, []).append(one)
    return found


def order_errors(
    groups: _Groups, group_by: Sequence[str], order: str, *, ascending: bool
) -> list[Wire]:
    """List the groups: those with the same first name side by side, then the same second one.

    So the order of `group_by` matters: the names of its first trait are ordered first, each by the
    metric of all its groups.
    """
    ordered = list(groups)
    for depth in range(len(group_by), 0, -1):
        outer: _Groups = {}
        for names, executions in groups.items():
            outer.setdefault(names[:depth], []).extend(executions)
        ranks = {names: _rank(names, mine, order) for names, mine in outer.items()}
        # By name too, so that groups of the same rank are not mixed.
        ordered.sort(key=lambda names: [name or "" for name in names[:depth]])
        ordered.sort(key=lambda names: ranks[names[:depth]], reverse=not ascending)
    return [_item(names, groups[names], group_by) for names in ordered]


def error_timeline(
    executions: Sequence[WorldExecution], group_by: Sequence[str], metric: str, top: int
) -> list[Wire]:
    """Return the value of a metric of failures for each day, and the groups with most of it."""
    measure = METRICS[metric]
    timeline: list[Wire] = []
    for start, mine in buckets(executions, lambda one: one.run.created, "1d"):
        order = next(name for name, of in ORDERS.items() if of == metric)
        items = order_errors(group_errors(mine, group_by), group_by, order, ascending=False)
        items.sort(key=measure, reverse=True)
        count = measure(_item((), mine, ()))
        timeline.append({"date": iso(start), "count": count, "items": items[:top]})
    return timeline


def _rank(names: _Names, executions: Sequence[WorldExecution], order: str) -> tuple[int, str]:
    if order in ORDERS:
        return METRICS[ORDERS[order]](_item((), executions, ())), ""
    return 0, names[-1] or ""


def _item(names: _Names, executions: Sequence[WorldExecution], group_by: Sequence[str]) -> Wire:
    item: Wire = {
        KEYS[key][0]: name for key, name in zip(group_by, names, strict=True) if name is not None
    }
    item["count"] = len(executions)
    item["details"] = {
        "tests": {"count": len({one.signature for one in executions})},
        "branches": {"count": len({one.run.branch for one in executions})},
    }
    return item
