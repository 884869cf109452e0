"""Options that say which runs a list is made of."""

from dataclasses import dataclass
from typing import Any

from cyclopts import Parameter

from currents_async.cli._moments import read_optional_moment
from currents_async.cli._options import (
    Choice,
    RunAuthors,
    RunBranches,
    RunTags,
    Several,
    Since,
    Until,
)
from currents_async.models import TagOperator


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class RunFilters:
    """Which runs count."""

    branch: RunBranches = ()
    tag: RunTags = ()
    tag_operator: Choice[TagOperator] | None = None
    """Whether runs have all of the tags, or any."""
    author: RunAuthors = ()
    environment: Several[str] = ()
    """Only runs in this environment; several can be given."""
    search: str | None = None
    """Only runs with this text, for example in the message of the commit or the CI build ID."""
    pull_request: str | None = None
    """Only runs of the pull request with this ID, as in their `meta.pr.id`."""
    since: Since | None = None
    until: Until | None = None

    def arguments(self) -> dict[str, Any]:
        """Return these as arguments of a method; raise `InvalidArgumentError` for no moment."""
        return {
            "branches": self.branch,
            "tags": self.tag,
            "tag_operator": self.tag_operator,
            "authors": self.author,
            "environments": self.environment,
            "search": self.search,
            "pr_id": self.pull_request,
            "date_start": read_optional_moment("--since", self.since),
            "date_end": read_optional_moment("--until", self.until),
        }


ALL_RUNS = RunFilters()
