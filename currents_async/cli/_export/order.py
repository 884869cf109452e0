"""What is to be exported where, as it was asked for."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from currents_async import Limits
from currents_async.cli._options import read_span, read_time
from currents_async.errors import InvalidArgumentError
from currents_async.export import DuckDBStorage, ExportFormat


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of the command."""

    target: str
    projects: Sequence[str] = ()
    all_projects: bool = False
    since: str
    until: str | None = None
    form: ExportFormat | Literal["arrow"]
    tables: Sequence[str] = ()
    branches: Sequence[str] = ()
    tags: Sequence[str] = ()
    authors: Sequence[str] = ()
    only_failed: bool = False
    resume: bool = False
    replace: bool = False
    look_back: str
    duckdb_storage: DuckDBStorage = "v1.4.0"
    concurrency: int
    rate: float | None = None

    def check(self) -> None:
        """Raise `InvalidArgumentError` for what cannot go together."""
        if (self.form == "arrow") != (self.target == "-"):
            raise InvalidArgumentError("--format arrow goes to stdout, and nothing else: target -")
        if self.form == "arrow" and len(self.tables) != 1:
            raise InvalidArgumentError("--format arrow is one table: say which by --table")
        if self.projects and self.all_projects:
            raise InvalidArgumentError("pass --project or --all-projects")
        if self.resume and self.replace:
            raise InvalidArgumentError("pass --resume or --replace, which does all days anew")

    @property
    def limits(self) -> Limits:
        """How much the client takes on."""
        return Limits(concurrency=self.concurrency, rate=self.rate)

    @property
    def filters(self) -> dict[str, Any]:
        """The arguments that all kinds of exports take."""
        return {
            "since": read_time("since", self.since),
            "until": None if self.until is None else read_time("until", self.until),
            "branches": self.branches,
            "tags": self.tags,
            "authors": self.authors,
            "only_failed": self.only_failed,
        }

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of exports into targets besides."""
        some = {"tables": self.tables} if self.tables else {}
        return {
            **some,
            "resume": self.resume,
            "replace": self.replace,
            "look_back": read_span("look_back", self.look_back),
            "duckdb_storage": self.duckdb_storage,
        }
