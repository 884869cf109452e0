"""Failures by their messages, and flaky tests: each can be opened for all that is known of it."""

from collections.abc import Iterable, Iterator, Sequence

from currents_async._text import counted, duration
from currents_async.analysis.clusters import FailureCluster, cluster_failures
from currents_async.analysis.executed import ExecutedTest
from currents_async.analysis.failures import Failure, FlakyTest
from currents_async.models.instances import Attempt, AttemptError, CodeFrame
from currents_async.reports._assets import Assets
from currents_async.reports._markup import Content, Markup, foreign, foreign_block, separated, tag
from currents_async.reports._page import (
    Column,
    Row,
    boxed,
    facts,
    folded,
    is_page,
    lined,
    link,
    moment,
    rest,
    table,
    trait,
)
from currents_async.reports._verdict import state_in_words

_NO_MESSAGE = "no message"
_MAX_CLUSTERS = 100
_MAX_IN_CLUSTER = 50
"""Failures with the same message that are shown with all that is known of them."""
_MAX_ATTEMPTS = 10
_MAX_BLOCK = 2_000
"""Characters of a message, a stack or a code frame."""
_MAX_BYTES = 550_000
"""Of all failures that are shown with all that is known of them."""
_MAX_BYTES_OF_LINES = 120_000
"""Of those beyond, in a line each; and of flaky tests."""

_ATTEMPT = (
    "Attempt",
    "Started",
    Column("Duration", "right", nowrap=True),
    "Error",
)


class _Room:
    """The bytes that a list may still take."""

    def __init__(self, max_bytes: int) -> None:
        self._left = max_bytes

    def take(self, pieces: Iterable[Markup]) -> list[Markup]:
        """Return the first pieces, as many as there is room for; no others are rendered."""
        taken: list[Markup] = []
        for piece in pieces:
            self._left -= len(piece.encode())
            if self._left < 0:
                break
            taken.append(piece)
        return taken


def failures_by_message(failures: Sequence[Failure], assets: Assets) -> Content:
    """Return all failures, those with the most frequent message first."""
    if not failures:
        return tag("p", "Nothing failed.")
    clusters = cluster_failures(failures)
    room, lines = _Room(_MAX_BYTES), _Room(_MAX_BYTES_OF_LINES)
    causes = counted(len(clusters), "different message")
    return [
        tag("p", f"{counted(len(failures), 'failure')} with {causes}."),
        *(_cluster(one, assets, room, lines) for one in clusters[:_MAX_CLUSTERS]),
        rest(len(clusters) - _MAX_CLUSTERS, "message"),
    ]


def _cluster(cluster: FailureCluster, assets: Assets, room: _Room, lines: _Room) -> Markup:
    failures = cluster.failures
    shown = room.take(_failure(one, cluster.message, assets) for one in failures[:_MAX_IN_CLUSTER])
    others = lines.take(_in_one_line(one.test) for one in failures[len(shown) :])
    listed = (
        folded(f"{counted(len(others), 'failure')} more", tag("ul", *others)) if others else None
    )
    return tag(
        "section",
        tag(
            "h3", f"{counted(len(failures), 'failure')}: ", foreign(cluster.message or _NO_MESSAGE)
        ),
        lined(shown) if shown else None,
        listed,
        rest(len(failures) - len(shown) - len(others), "failure"),
    )


def _in_one_line(test: ExecutedTest) -> Markup:
    return tag("li", link(test.url, foreign(test.full_title)), " · ", foreign(test.spec))


def _failure(failure: Failure, message: str, assets: Assets) -> Markup:
    test = failure.test
    return folded(
        _summary(test, test.error if test.error != message else ""),
        _about(test),
        _attempts(failure.attempts),
        *_blocks(failure.error or AttemptError()),
        assets.show(failure.artifacts),
    )


def _summary(test: ExecutedTest, error: str) -> Content:
    """Return the title of a test, its error if that is not said elsewhere, and where it is."""
    title = "The spec file itself" if test.is_file else foreign(test.full_title)
    return [
        tag("b", title),
        [": ", foreign(error)] if error else None,
        [tag("br"), tag("small", foreign(test.spec))] if test.spec else None,
    ]


def _about(test: ExecutedTest) -> Markup:
    owners = separated((trait("Owner", foreign(one)) for one in test.owners), ", ")
    url = test.url
    page = link(url, "Open on the dashboard of Currents") if is_page(url) else None
    return facts([
        ("Group", trait("Group", foreign(test.group_id)) if test.group_id else None),
        ("Owner" if len(test.owners) == 1 else "Owners", owners),
        ("Duration", None if test.duration_ms is None else duration(test.duration_ms)),
        ("Dashboard", page),
    ])


def _attempts(attempts: Sequence[Attempt]) -> Content:
    if not attempts:
        return None
    rows = (_attempt(number, one) for number, one in enumerate(attempts[:_MAX_ATTEMPTS], start=1))
    return [table("Attempts", _ATTEMPT, rows), rest(len(attempts) - _MAX_ATTEMPTS, "attempt")]


def _attempt(number: int, attempt: Attempt) -> Row:
    worker = None if attempt.worker_index is None else f"on worker {attempt.worker_index}"
    return [
        [f"{number}: ", _state(attempt)],
        separated(filter(None, [moment(attempt.wall_clock_started_at), worker]), " "),
        duration(attempt.wall_clock_duration),
        foreign(attempt.error.first_line) if attempt.error else None,
    ]


def _state(attempt: Attempt) -> Content:
    """Return the state, and Playwright's word for it if that says more, as `timedOut` does."""
    said, word = state_in_words(attempt.state), attempt.raw_status
    return [said, [" (", foreign(word), ")"] if word and word not in said else None]


def _blocks(error: AttemptError) -> Iterator[Markup]:
    """Yield what is known of an error. Its stack often begins with the message, shown before."""
    message, stack = error.message or "", error.stack or ""
    if message:
        yield boxed("Error", foreign_block(message, _MAX_BLOCK))
    frame = error.code_frame
    if frame and frame.frame:
        yield boxed(["Source", _place(frame)], foreign_block(frame.frame, _MAX_BLOCK))
    calls = stack.partition(message)[2] if message and message in stack else stack
    if calls.strip():
        yield boxed("Stack", foreign_block(calls.strip("\r\n"), _MAX_BLOCK))


def _place(frame: CodeFrame) -> Content:
    file = frame.relative_file or frame.file or frame.original_file
    line = "" if frame.line is None else f", line {frame.line}"
    return [" of ", foreign(file), line] if file else None


def flaky_list(tests: Sequence[FlakyTest], assets: Assets) -> Content:
    """Return the tests that passed only after a failed attempt, with the errors before that."""
    if not tests:
        return tag("p", "No test was flaky.")
    shown = _Room(_MAX_BYTES_OF_LINES).take(_flaky_test(one, assets) for one in tests)
    return [
        tag("p", f"{counted(len(tests), 'test')} passed only after a failed attempt."),
        lined(shown),
        rest(len(tests) - len(shown), "flaky test"),
    ]


def _flaky_test(flaky: FlakyTest, assets: Assets) -> Markup:
    test = flaky.test
    return folded(
        _summary(test, next((one.first_line for one in flaky.errors), "")),
        _about(test),
        _attempts(flaky.attempts),
        assets.show(flaky.artifacts),
    )
