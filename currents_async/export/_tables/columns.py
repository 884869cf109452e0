"""What columns are, and those that several tables have."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from currents_async.export._tables.kinds import COUNT, TEXT, Kind
from currents_async.models import Counters, Platform

Values = Mapping[str, Sequence[object]]
"""The values of each column by its name, in the order of the rows."""


class Column(NamedTuple):
    """What a schema says of a column."""

    name: str
    kind: Kind
    doc: str
    unit: str | None = None
    nullable: bool = True

    @property
    def field(self) -> "pa.Field[Any]":
        """The column as Arrow has it."""
        metadata = {"doc": self.doc} if self.unit is None else {"doc": self.doc, "unit": self.unit}
        return pa.field(self.name, self.kind.arrow, nullable=self.nullable, metadata=metadata)


COUNTERS = (
    Column("tests", COUNT, "How many tests there are."),
    Column("passes", COUNT, "Tests that passed."),
    Column("failures", COUNT, "Tests that failed."),
    Column("pending", COUNT, "Tests that were skipped on purpose."),
    Column("skipped", COUNT, "Tests that were interrupted, or never run."),
    Column("flaky", COUNT, "Tests that passed after a failed attempt; among the passes too."),
    Column("retries", COUNT, "Attempts behind the first ones."),
)


def counters_of(counters: Sequence[Counters | None]) -> Values:
    """Find the values of `COUNTERS`."""

    def column(read: Callable[[Counters], int]) -> list[int | None]:
        return [None if one is None else read(one) for one in counters]

    return {
        "tests": column(lambda one: one.total),
        "passes": column(lambda one: one.passes),
        "failures": column(lambda one: one.failures),
        "pending": column(lambda one: one.pending),
        "skipped": column(lambda one: one.skipped),
        "flaky": column(lambda one: one.flaky),
        "retries": column(lambda one: one.retries),
    }


PLATFORM = (
    Column("os_name", TEXT, "The operating system."),
    Column("os_version", TEXT, "The version of the operating system."),
    Column("browser_name", TEXT, "The browser."),
    Column("browser_version", TEXT, "The version of the browser."),
)


def platforms_of(platforms: Sequence[Platform | None]) -> Values:
    """Find the values of `PLATFORM`."""
    found = [one or _NOWHERE for one in platforms]
    return {
        "os_name": [one.os_name for one in found],
        "os_version": [one.os_version for one in found],
        "browser_name": [one.browser_name for one in found],
        "browser_version": [one.browser_version for one in found],
    }


_NOWHERE = Platform()
