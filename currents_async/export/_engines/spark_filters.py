"""Filters that Spark hands to the source: those that say what is to be fetched at all."""

import operator
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, Final

from pyspark.sql.datasource import (
    EqualNullSafe,
    EqualTo,
    Filter,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNotNull,
    IsNull,
    LessThan,
    LessThanOrEqual,
    Not,
    StringContains,
    StringEndsWith,
    StringStartsWith,
)

Value = str | date

_TYPES: Final[Mapping[str, type[Value]]] = {"table": str, "project_id": str, "day": date}
"""The columns whose values are known before anything is fetched, and never null."""


def _is_in(value: Value, others: Collection[Value]) -> bool:
    return value in others


_COMPARE: Final[Mapping[type[Filter], Callable[[Any, Any], bool]]] = {
    EqualTo: operator.eq,
    EqualNullSafe: operator.eq,
    GreaterThan: operator.gt,
    GreaterThanOrEqual: operator.ge,
    LessThan: operator.lt,
    LessThanOrEqual: operator.le,
    In: _is_in,
    StringStartsWith: str.startswith,
    StringEndsWith: str.endswith,
    StringContains: operator.contains,
}


class PushedFilters:
    """Filters on columns whose values are known before anything is fetched."""

    def __init__(self, columns: Collection[str]) -> None:
        """Take filters on such columns of a frame with some `columns`."""
        self._columns = _TYPES.keys() & columns
        self._taken: list[tuple[str, Filter]] = []

    def take(self, condition: Filter) -> bool:
        """Take a filter, or return False if Spark has to apply it."""
        compared = condition.child if isinstance(condition, Not) else condition
        path: tuple[str, ...] = getattr(compared, "attribute", ())
        if len(path) != 1 or path[0] not in self._columns:
            return False
        if not _is_comparable(compared, _TYPES[path[0]]):
            return False
        self._taken.append((path[0], condition))
        return True

    def accept(self, column: str, value: Value) -> bool:
        """Return whether rows with a value in a column are asked for."""
        return all(_holds(one, value) for name, one in self._taken if name == column)


def _is_comparable(condition: Filter, kind: type[Value]) -> bool:
    """Return whether Python compares as SQL does, which has nulls, and moments beside dates."""
    match condition:
        case IsNull() | IsNotNull():
            return True
        case In(value=values):
            return all(type(value) is kind for value in values)
        case _:
            value = getattr(condition, "value", None)
            return type(condition) in _COMPARE and type(value) is kind


def _holds(condition: Filter, value: Any) -> bool:
    match condition:
        case Not(child=child):
            return not _holds(child, value)
        case IsNull():
            return False
        case IsNotNull():
            return True
        case _:
            return _COMPARE[type(condition)](value, vars(condition)["value"])
