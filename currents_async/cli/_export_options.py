"""The options of `export`, checked, and as the library takes them."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from currents_async.cli._moments import read_span, read_time
from currents_async.cli._options import (
    Count,
    Flag,
    RunAuthors,
    RunBranches,
    RunTags,
    Several,
)
from currents_async.errors import InvalidArgumentError

Format = Literal["parquet", "ndjson.gz", "ndjson.zst", "duckdb", "delta", "postgres", "arrow"]
Storage = Literal["v1.4.0", "latest"]
Table = Literal[
    "runs",
    "run_groups",
    "environments",
    "specs",
    "tests",
    "attempts",
    "annotations",
    "metrics",
    "artifacts",
    "errors",
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What to export, and how."""

    project: Several[str] = ()
    """The ID of a project; several can be given. Else CURRENTS_PROJECT_ID, else the profile's."""
    all_projects: Flag = False
    """All projects that the API key can see."""
    since: str = "7d"
    """The first day: 2026-01-31, yesterday, or 7d for the last 7 days."""
    until: str | None = None
    """Where to end, likewise: days that begin before then are exported. By default today is the
    last."""
    form: Annotated[Format | None, Parameter(name="--format")] = None
    """How the tables are written; by default as the target has them, or if it is new, duckdb for a
    name that ends in .duckdb, else parquet. delta needs the extra `delta`. arrow is one table as
    an Arrow IPC stream."""
    table: Several[Table] = ()
    """Only this table; several can be given. What none of them needs is not fetched."""
    branch: RunBranches = ()
    tag: RunTags = ()
    author: RunAuthors = ()
    only_failed: Flag = False
    """Fetch only what failed of each run."""
    resume: Flag = False
    """Ask only for what can have changed since, and for what is missing and due."""
    replace: Flag = False
    """Put what the service has now in place of all rows of these days, also where that is less."""
    look_back: str = "48h"
    """For how long runs that were in progress are looked at again."""
    duckdb_storage: Storage = "v1.4.0"
    """The oldest release of DuckDB that can read a database that is made; latest is the release
    that is installed."""
    concurrency: Count = 16
    """Requests in flight."""
    rate: Annotated[float | None, Parameter(validator=Number(gt=0))] = None
    """Requests per second; by default as many as the service takes."""

    def check(self, target: str) -> None:
        """Raise `InvalidArgumentError` for what cannot be written into a target."""
        if (self.form == "arrow") != (target == "-"):
            raise InvalidArgumentError("--format arrow goes to stdout, and nothing else: target -")
        if self.form == "arrow" and len(self.table) != 1:
            raise InvalidArgumentError("--format arrow is one table: pass one --table")
        if self.project and self.all_projects:
            raise InvalidArgumentError("pass --project or --all-projects")
        if self.resume and self.replace:
            raise InvalidArgumentError("pass --resume or --replace, which does all days anew")

    @property
    def filters(self) -> dict[str, Any]:
        """The arguments that all kinds of exports take."""
        return {
            "since": read_time("--since", self.since),
            "until": None if self.until is None else read_time("--until", self.until),
            "branches": self.branch,
            "tags": self.tag,
            "authors": self.author,
            "only_failed": self.only_failed,
        }

    @property
    def target_arguments(self) -> dict[str, Any]:
        """The other arguments of exports into targets."""
        some = {"tables": self.table} if self.table else {}
        return {
            **some,
            "resume": self.resume,
            "replace": self.replace,
            "look_back": read_span("--look-back", self.look_back),
            "duckdb_storage": self.duckdb_storage,
        }
