"""`errors`, `insights` and `spec-files`: what is counted over a span of time."""

from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import App, Parameter
from cyclopts.validators import Number

from currents_async.cli._executions import EXECUTIONS, Executions
from currents_async.cli._options import (
    COMMON,
    Choice,
    CommonOptions,
    Direction,
    Flag,
    Limit,
    Project,
    Several,
    Sorting,
)
from currents_async.models import (
    ErrorDimension,
    ErrorMetric,
    ErrorOrder,
    ErrorsSpan,
    ExploredError,
    Insights,
    InsightsResolutionName,
    SpecFile,
    SpecFileOrder,
    TagOperator,
)

errors = App(name="errors")
spec_files = App(name="spec-files")

_ERROR = (
    "count as times, message, details.tests.count as tests, error_category as category, "
    "error_action as action, error_target as target"
)
_SPAN = (
    "date, runs.total as runs, runs.failed as failed runs, tests.total as tests, "
    "tests.failed as failed tests, tests.flaky as flaky tests, "
    "runs.avgDurationSeconds as avg duration"
)
_SPEC_FILE = (
    "spec, metrics.failureRate as failed, metrics.flakeRate as flaky, "
    "metrics.timeoutRate as timed out, metrics.avgDuration as avg duration, "
    "metrics.overallExecutions as runs, metrics.suiteSize as tests"
)


class Span(Insights, frozen=True, gc=False, kw_only=True):
    """The metrics of a span of time."""

    date: str | None = None
    """When it begins; None for the whole time."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which errors a command is about."""

    executions: Executions = EXECUTIONS
    tag_operator: Choice[TagOperator] | None = None
    """Whether executions have all of the tags, or any."""
    target: str | None = None
    """Only errors about this, for example a selector."""
    message: str | None = None
    """Only errors with this text in their message."""
    category: str | None = None
    """Only errors of this category."""
    action: str | None = None
    """Only errors of this action, for example a click."""
    group_by: Several[ErrorDimension] = ()
    """What the errors of a row have in common; several can be given, in order."""

    def arguments(self) -> dict[str, Any]:
        """Return these as arguments of `errors.list`."""
        return {
            **self.executions.arguments(),
            "tags_logical_operator": self.tag_operator,
            "error_target": self.target,
            "error_message": self.message,
            "error_category": self.category,
            "error_action": self.action,
            "group_by": self.group_by,
        }


_ALL = Selection()


@errors.command(name="list")
async def list_errors(
    *,
    project: Project | None = None,
    selection: Selection = _ALL,
    order: Sorting[ErrorOrder] | None = None,
    direction: Direction | None = None,
    limit: Limit | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """List the errors of a project, and how often each happened.

    currents-async errors list --since yesterday

    currents-async errors list --since '2 weeks ago' --branch main --limit 10

    """
    async with common.open(ExploredError, _ERROR, nothing="no errors match") as (currents, printer):
        listed = currents.errors.list(
            project, **selection.arguments(), order_by=order, dir=direction
        )
        await printer.listed(listed, limit)


@errors.command
async def timeline(
    *,
    project: Project | None = None,
    selection: Selection = _ALL,
    metric: Choice[ErrorMetric] | None = None,
    top: Annotated[int, Parameter(validator=Number(gte=1, lte=50))] | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """Print how many errors each span of time had, and the most important of them.

    currents-async errors timeline --since 30d

    currents-async errors timeline --since 30d --metric test --top 3

    Parameters
    ----------
    metric
        What makes an error important: how often it happened, or to how many tests or branches.
    top
        How many errors of each span are named, 1 to 50.

    """
    async with common.open(ErrorsSpan, "date, count as times, items.message") as (
        currents,
        printer,
    ):
        page = await currents.errors.list(
            project, **selection.arguments(), metric=metric, top_n=top, page_size=1
        )
        printer.all(page.timeline)


async def insights(
    *,
    project: Project | None = None,
    executions: Executions = EXECUTIONS,
    environment: Several[str] = (),
    resolution: Choice[InsightsResolutionName] | None = None,
    overall: Flag = False,
    common: CommonOptions = COMMON,
) -> None:
    """Print how the runs and the tests of a project went over time.

    Parameters
    ----------
    environment
        Only executions in this environment; several can be given.
    resolution
        How long each span of time is: an hour, a day or a week.
    overall
        Print the metrics of the whole time instead of those of each span.

    """
    async with common.open(Span, _SPAN) as (currents, printer):
        found = await currents.projects.insights(
            project,
            **executions.arguments(),
            environments=environment,
            resolution=resolution,
        )
        if overall:
            printer.one(_span(None, found.results.overall))
        else:
            printer.all(_span(date, one) for date, one in found.results.by_date.items())


def _span(date: str | None, metrics: Insights) -> Span:
    return Span(date=date, runs=metrics.runs, tests=metrics.tests)


@spec_files.command(name="list")
async def list_spec_files(
    *,
    project: Project | None = None,
    executions: Executions = EXECUTIONS,
    search: str | None = None,
    include_failed: Flag = False,
    order: Sorting[SpecFileOrder] | None = None,
    direction: Direction | None = None,
    limit: Limit | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """List the spec files of a project, and how each fared.

    currents-async spec-files list --since 30d --limit 20

    currents-async spec-files list --search checkout --include-failed

    Parameters
    ----------
    search
        Only spec files with this text in their path.
    include_failed
        Count failed executions too in how long a spec file takes.

    """
    async with common.open(SpecFile, _SPEC_FILE, nothing="no spec files match") as (
        currents,
        printer,
    ):
        listed = currents.spec_files.list(
            project,
            **executions.arguments(),
            spec_name_filter=search,
            include_failed_in_duration=include_failed or None,
            order=order,
            dir=direction,
        )
        await printer.listed(listed, limit)
