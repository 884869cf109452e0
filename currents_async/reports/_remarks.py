"""What keeps a run from being whole, in sentences that stand at the top of a report."""

from collections.abc import Iterator

from currents_async._text import counted, duration, one_line, utc_time
from currents_async.analysis.details import RunCounts, RunDetails
from currents_async.models.runs import Cancellation, CompletionState, Run, RunTimeout


def remarks_of(details: RunDetails) -> list[str]:
    """List what to know before reading on; nothing of a run that ended and is all there."""
    return [*_of_the_end(details.run), *_of_what_is_missing(details)]


def _of_the_end(run: Run) -> Iterator[str]:
    match run.completion_state:
        case CompletionState.IN_PROGRESS:
            yield "The run is still in progress: these are the results so far."
        case CompletionState.UNKNOWN:
            yield "The server does not say whether the run has ended."
        case CompletionState.CANCELED:
            yield _cancelled(run.cancellation or Cancellation())
        case CompletionState.TIMEOUT:
            limit = (run.timeout or RunTimeout()).timeout_value_ms
            yield f"The run timed out{f' after {duration(limit)}' if limit else ''}."
        case CompletionState.COMPLETE:
            pass


def _cancelled(cancellation: Cancellation) -> str:
    by = f" by {one_line(cancellation.by)}" if cancellation.by else ""
    at = f" at {utc_time(cancellation.at)}" if cancellation.at else ""
    reason = f": {one_line(cancellation.reason)}" if cancellation.reason else "."
    return f"The run was cancelled{by}{at}{reason}"


def _of_what_is_missing(details: RunDetails) -> Iterator[str]:
    counts = details.counts()
    if not details.executions:
        yield "The run has no spec files."
    beyond = details.run.unlisted_specs(counts.specs)
    if beyond:
        yield f"The server counts {counted(beyond, 'spec file')} more than it lists."
    yield from _of_spec_files(counts)
    if counts.unlisted:
        yield f"The server counts {counted(counts.unlisted, 'test')} more than it lists."
    if details.executions and not counts.tests:
        yield "There are no results of tests."


def _of_spec_files(counts: RunCounts) -> Iterator[str]:
    if counts.missing:
        yield f"Missing, as they could not be fetched: {counted(counts.missing, 'spec file')}."
    if counts.unclaimed:
        yield f"Without results here: {counted(counts.unclaimed, 'spec file')}."
