"""A file for each contender of the suite `export`, with the same three names: see `Contender`.

Files with an underscore are what they share, and the processes around them.
"""

from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import msgspec

TABLES = ("runs", "specs", "tests", "attempts")
"""What is exported."""
CONCURRENCY = 16
"""Requests in flight, for all."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be exported: all runs of a project."""

    url: str
    key: str
    project_id: str
    since: datetime
    until: datetime
    rate: float | None = None
    """Requests a second that the key allows; None for who has to find out."""


class Contender(Protocol):
    """What a contender's module has."""

    LABEL: str
    """Its row in the tables."""
    PACKAGES: tuple[str, ...]
    """The distributions that its speed depends on."""

    def export(self, task: Task, target: Path) -> None:
        """Write Parquet files into folders that are called as the tables, anywhere in a folder."""
        ...


def load(name: str) -> Contender:
    """Import a contender; raise `ModuleNotFoundError` when a package is missing."""
    return cast("Contender", import_module(f"{__name__}.{name}"))
