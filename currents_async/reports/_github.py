"""What GitHub shows of a run: the summary of a job, and a comment on a pull request."""

import re
from collections.abc import Iterator

from currents_async._checks import check_int, check_type
from currents_async._text import counted
from currents_async.analysis.details import RunCounts, RunDetails
from currents_async.errors import InvalidArgumentError
from currents_async.models.runs import Run
from currents_async.reports._fitting import Size, fitted
from currents_async.reports._markdown import table
from currents_async.reports._page import Column
from currents_async.reports._run_sections import run_sections
from currents_async.reports._verdict import verdict_of

COMMENT_MARKER = "<!-- currents-async: report -->"
"""What a comment of `pull_request_comment` starts with, unless told otherwise; it is not shown."""

_MIN_SIZE = 2_000
_MARKER = re.compile(r"<!-- (?!.*--.* -->)[ -~]{1,200} -->")


def job_summary(details: RunDetails, *, max_bytes: int = 1_048_576) -> str:
    """Return a summary of a run in Markdown, to be appended to `$GITHUB_STEP_SUMMARY`.

    A step whose summary is larger than 1 MiB has none at all, so pass what is left if the step
    writes more. A line end counts as two bytes, which it is on Windows. The worst failures are
    shown, and the others counted. Texts of others show as text: they mention nobody, and link
    nowhere.

    Raises `InvalidArgumentError` if `max_bytes` is less than 2,000.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
    and https://github.com/actions/runner/issues/4337.
    """
    check_int("max_bytes", max_bytes, min_value=_MIN_SIZE)
    return _document(details, "", max_bytes, lambda text: len(text.encode()) + text.count("\n"))


def pull_request_comment(
    details: RunDetails, *, marker: str = COMMENT_MARKER, max_chars: int = 65_536
) -> str:
    """Return a comment on a pull request in Markdown, whose first line is the marker.

    Find your comment of an earlier run by `body.startswith(marker)` to edit it in place of writing
    another. A marker is an HTML comment in one line of ASCII; several projects that report on one
    pull request need one each. What does not fit is counted, as in `job_summary`.

    GitHub says that a comment has at most 65,536 characters, and stores 262,144 bytes, which is as
    many characters of four bytes each; Unicode code points are counted here.

    Raises `InvalidArgumentError` if `max_chars` is less than 2,000, or the marker is not a comment.

    Source: https://github.com/dead-claudia/github-limits/pull/13.
    """
    if not _MARKER.fullmatch(check_type("marker", marker, str)):
        raise InvalidArgumentError(
            f"marker must be an HTML comment in one line, such as {COMMENT_MARKER}, not {marker!r}"
        )
    check_int("max_chars", max_chars, min_value=_MIN_SIZE)
    return _document(details, f"{marker}\n", max_chars, len)


def _document(details: RunDetails, start: str, limit: int, size: Size) -> str:
    counts = details.counts()
    head = "\n\n".join((start + _verdict(details.run, counts), *_counts(counts)))
    return fitted(head, [*run_sections(details)], limit, size)


def _verdict(run: Run, counts: RunCounts) -> str:
    sign, words = verdict_of(run)
    failed = f": {counts.failed:,} of {counted(counts.tests, 'test')} failed"
    return f"## {sign} Run {words}{failed if counts.failed else ''}"


def _counts(counts: RunCounts) -> Iterator[str]:
    numbers = {
        "Spec files": counts.specs,
        "Tests": counts.tests,
        "Passed": counts.passed,
        "Failed": counts.failed,
        "Flaky": counts.flaky,
        "Skipped on purpose": counts.pending,
        "Not run": counts.skipped,
    }
    columns = [Column(name, "right") for name in numbers]
    yield table(columns, [[f"{number:,}" for number in numbers.values()]])
    if not counts.tests:
        yield "No tests are known."
    gaps = {
        "without results here": counts.unclaimed,
        "not fetched": counts.missing,
    }
    for what, number in gaps.items():
        if number:
            yield f"{counted(number, 'spec file')} {what}."
    if counts.unlisted:
        yield f"{counted(counts.unlisted, 'test')} counted by the server, and not listed."
