"""Projects: what GET /projects and its siblings answer.

Source: `docs/api/operations.md`, "Projects".
"""

from typing import Literal

from currents_async.models._model import Model, OpenEnum, OpenModel, Timestamp
from currents_async.models.runs import Run

__all__ = [
    "Insights",
    "InsightsResolution",
    "InsightsResolutionName",
    "InsightsResults",
    "InsightsRuns",
    "InsightsTests",
    "ListedRun",
    "Project",
    "ProjectInsights",
    "PullRequestCard",
    "Term",
    "TermType",
]

InsightsResolutionName = Literal["1h", "1d", "1w"]
"""How long the spans of a timeline are, as an argument of `projects.insights`."""

TermType = Literal[
    "tag",
    "group",
    "branch",
    "authorName",
    "authorEmail",
    "framework",
    "frameworkVersion",
    "clientVersion",
    "ann_type",
    "ann_desc",
]
"""What kind of terms are listed, as an argument of `projects.terms`."""


class Project(OpenModel, frozen=True, gc=False, kw_only=True):
    """A project of the organisation."""

    project_id: str
    name: str = ""
    created_at: Timestamp | None = None
    fail_fast: bool | None = None
    inactivity_timeout_seconds: int | None = None
    default_branch_name: str | None = None
    cursor: str | None = None
    """Where it is in a list; None when it was asked for by its ID."""


class ListedRun(Run, frozen=True, gc=False, kw_only=True):
    """A run as a list has it: without its specs."""

    cursor: str | None = None
    """Where it is in the list."""


class InsightsResolution(OpenEnum):
    """How long the spans of a timeline are."""

    HOUR = "1h"
    DAY = "1d"
    WEEK = "1w"


class InsightsRuns(Model, frozen=True, gc=False, kw_only=True):
    """How the runs of a span of time ended."""

    total: int = 0
    cancelled: int = 0
    timeouts: int = 0
    completed: int = 0
    failed: int = 0
    passed: int = 0
    non_fully_reported: int = 0
    avg_duration_seconds: float | None = None
    avg_success_rate: float | None = None


class InsightsTests(Model, frozen=True, gc=False, kw_only=True):
    """How the tests of a span of time ended."""

    total: int = 0
    failed: int = 0
    passed: int = 0
    pending: int = 0
    """Skipped on purpose."""
    skipped: int = 0
    """Interrupted, or never run."""
    flaky: int = 0


class Insights(Model, frozen=True, gc=False, kw_only=True):
    """The metrics of a span of time."""

    runs: InsightsRuns = InsightsRuns()
    tests: InsightsTests = InsightsTests()


class InsightsResults(Model, frozen=True, gc=False, kw_only=True):
    """The metrics of the whole time, and of each span of it."""

    overall: Insights = Insights()
    timeline: tuple[dict[str, Insights], ...] | dict[str, Insights] = ()
    """As the server has it, mostly objects of one date each: read `by_date`."""

    @property
    def by_date(self) -> dict[str, Insights]:
        """The metrics of each span by its date, which is as the server spells it, in its order."""
        spans = (self.timeline,) if isinstance(self.timeline, dict) else self.timeline
        return {date: insights for span in spans for date, insights in span.items()}


class ProjectInsights(OpenModel, frozen=True, gc=False, kw_only=True):
    """The metrics of a project over time."""

    project_id: str | None = None
    org_id: str | None = None
    date_start: str | None = None
    """What was asked for: ISO 8601, as the server repeats it."""
    date_end: str | None = None
    """What was asked for: ISO 8601, as the server repeats it."""
    resolution: InsightsResolution | None = None
    results: InsightsResults = InsightsResults()


class PullRequestCard(OpenModel, frozen=True, gc=False, kw_only=True):
    """A pull request with its recent runs.

    The documents do not say how: all of it is in `extra`, by the server's names.
    """

    cursor: str | None = None
    """Where it is in the list."""


class Term(OpenModel, frozen=True, gc=False, kw_only=True):
    """A tag, a branch, an author or another term that runs of the project have used.

    The documents do not say how: all of it is in `extra`, by the server's names.
    """

    cursor: str | None = None
    """Where it is in the list."""
