"""Options that say which executions a command counts."""

from dataclasses import dataclass
from typing import Any

from cyclopts import Parameter

from currents_async.cli._moments import read_moment
from currents_async.cli._options import (
    Several,
    Since,
    Until,
)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Executions:
    """Which executions count."""

    since: Since = "14d"
    until: Until = "now"
    branch: Several[str] = ()
    """Only executions on this branch; several can be given."""
    tag: Several[str] = ()
    """Only executions with this tag; several can be given."""
    author: Several[str] = ()
    """Only executions of this author's commits; several can be given."""
    group: Several[str] = ()
    """Only executions in this group of a run; several can be given."""

    def arguments(self) -> dict[str, Any]:
        """Return these as arguments of a method; raise `InvalidArgumentError` for no moment."""
        return {
            "date_start": read_moment("--since", self.since),
            "date_end": read_moment("--until", self.until),
            "branches": self.branch,
            "tags": self.tag,
            "authors": self.author,
            "groups": self.group,
        }


EXECUTIONS = Executions()
