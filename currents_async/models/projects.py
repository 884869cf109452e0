"""Projects: the responses of GET /projects and its siblings.

Source: `docs/api/operations.md`, "Projects".
"""

from typing import Literal

from currents_async.models._model import Model, OpenEnum, OpenModel, SecretModel, Timestamp
from currents_async.models.runs import PullRequest, Run

__all__ = [
    "CardRun",
    "CreatedProject",
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
    "PullRequestOrder",
    "Term",
    "TermType",
]

InsightsResolutionName = Literal["1h", "1d", "1w"]
"""The length of the spans of a timeline, as an argument of `projects.insights`."""

PullRequestOrder = Literal["last_run", "first_run", "run_count"]
"""What pull requests are ordered by, as an argument of `projects.pull_requests`."""

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
"""The kind of terms to list, as an argument of `projects.terms`."""


class Project(OpenModel, frozen=True, gc=False, kw_only=True):
    """A project of the organisation."""

    project_id: str
    name: str = ""
    created_at: Timestamp | None = None
    fail_fast: bool | None = None
    inactivity_timeout_seconds: int | None = None
    default_branch_name: str | None = None
    cursor: str | None = None
    """Its position in a list; None if it was fetched by its ID."""


class CreatedProject(SecretModel, OpenModel, frozen=True, gc=False, kw_only=True):
    """A new project. No `repr` shows its record key, and it cannot be pickled."""

    _secrets = ("record_key",)

    project_id: str
    name: str = ""
    record_key: str | None = None
    """The secret with which reporters record runs of the project."""


class ListedRun(Run, frozen=True, gc=False, kw_only=True):
    """A run in a list: without its specs."""

    cursor: str | None = None
    """Its position in the list."""


class InsightsResolution(OpenEnum):
    """The length of the spans of a timeline."""

    HOUR = "1h"
    DAY = "1d"
    WEEK = "1w"


class InsightsRuns(Model, frozen=True, gc=False, kw_only=True):
    """How the runs in a span of time ended."""

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
    """How the tests in a span of time ended."""

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
    """The metrics of the whole time and of each span of it."""

    overall: Insights = Insights()
    timeline: tuple[dict[str, Insights], ...] | dict[str, Insights] = ()
    """As the server sends it, mostly objects with one date each: read `by_date`."""

    @property
    def by_date(self) -> dict[str, Insights]:
        """The metrics of each span by its date, spelled and in the order as the server sent it."""
        spans = (self.timeline,) if isinstance(self.timeline, dict) else self.timeline
        return {date: insights for span in spans for date, insights in span.items()}


class ProjectInsights(OpenModel, frozen=True, gc=False, kw_only=True):
    """The metrics of a project over time."""

    project_id: str | None = None
    org_id: str | None = None
    date_start: str | None = None
    """The argument, in ISO 8601 as the server repeats it."""
    date_end: str | None = None
    """The argument, in ISO 8601 as the server repeats it."""
    resolution: InsightsResolution | None = None
    results: InsightsResults = InsightsResults()


class CardRun(ListedRun, frozen=True, gc=False, kw_only=True):
    """A run on the card of a pull request; that it looks like a run in a list is inferred."""

    run_id: str = ""
    """Empty if the server does not say."""


class PullRequestCard(OpenModel, frozen=True, gc=False, kw_only=True):
    """A pull request with its latest runs.

    Not all of its fields are documented: the others are in `extra`, by the server's names.
    """

    cursor: str | None = None
    """Its position in the list, in the order that was asked for."""
    pr: PullRequest | None = None
    """Inferred: the documents do not say where the card has its number, title and branches."""
    recent_runs: tuple[CardRun, ...] = ()
    """The latest runs, at most 10, whatever `runs_per_pr` is."""
    timeline_preview: tuple[CardRun, ...] = ()
    """As many of the latest runs as `runs_per_pr` says."""


class Term(OpenModel, frozen=True, gc=False, kw_only=True):
    """A tag, a branch, an author or another term that runs of the project used.

    Its fields are not documented: all of them are in `extra`, by the server's names.
    """

    cursor: str | None = None
    """Its position in the list."""
