"""What the views select, and what differs from one database to the next."""

import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple, get_args

from currents_async._checks import check_choice

Dialect = Literal["duckdb", "postgres", "spark"]
"""Whose SQL it is."""

NAMES: tuple[str, ...] = (
    "flakiest_tests_by_week",
    "slowest_specs",
    "failure_rate_by_branch",
    "minutes_lost_to_retries",
    "machine_utilisation",
    "owners",
)
"""The names of the views."""

_CALLS: Mapping[Dialect, Mapping[str, str]] = {
    "duckdb": {"joined": "array_to_string({}, ' > ')", "millis": "epoch_ms({})"},
    "postgres": {
        "joined": "array_to_string({}, ' > ')",
        "millis": "CAST(extract(epoch FROM {}) * 1000 AS bigint)",
    },
    "spark": {"joined": "array_join({}, ' > ')", "millis": "unix_millis({})"},
}
"""The functions that each database calls something else, and what it calls them."""
_CALL = re.compile(r"\b(joined|millis)\(([\w.]+)\)")
_READS = re.compile(r"^-- Reads: (.+)\.$", re.MULTILINE)


class View(NamedTuple):
    """A view, as its file has it."""

    about: str
    tables: tuple[str, ...]
    """The tables that it reads."""
    query: str


def queries(dialect: Dialect) -> dict[str, str]:
    """Return what each view selects, by the name of the view, in the SQL of a database.

    Raises `InvalidArgumentError` for another dialect.
    """
    check_choice("dialect", dialect, get_args(Dialect))
    return {name: _translated(view_of(name).query, dialect) for name in NAMES}


def read_by(tables: Collection[str]) -> tuple[str, ...]:
    """Return the names of the views that need no other tables."""
    return tuple(name for name in NAMES if set(view_of(name).tables) <= set(tables))


@cache
def view_of(name: str) -> View:
    """Read the file of a view."""
    text = files("currents_async.export.views").joinpath(f"{name}.sql").read_text("utf-8")
    found = _READS.search(text)
    assert found is not None, name  # noqa: S101 - a file of ours
    about = " ".join(line.removeprefix("-- ") for line in text[: found.start()].splitlines())
    return View(about, tuple(found[1].split(", ")), text[found.end() :].strip())


def about(view: str) -> str:
    """Return what a view says. Raises `InvalidArgumentError` for a name that is not in `NAMES`."""
    return view_of(check_choice("view", view, NAMES)).about


def _translated(query: str, dialect: Dialect) -> str:
    calls = _CALLS[dialect]
    query = _CALL.sub(lambda found: calls[found[1]].format(found[2]), query)
    return query.replace("DOUBLE PRECISION", "DOUBLE") if dialect == "spark" else query
