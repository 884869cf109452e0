"""The table of attempts at tests."""

from currents_async.export._tables.columns import Column, Values
from currents_async.export._tables.kinds import COUNT, FRACTION, MOMENT, TEXT, WHOLE
from currents_async.export._tables.table import Rows, Table
from currents_async.models import Attempt, AttemptError, CodeFrame, Instance, Location

_COLUMNS = (
    Column("instance_id", TEXT, "The execution of the spec file.", nullable=False),
    Column(
        "test_position", COUNT, "The number of the test in its instance, from 0.", nullable=False
    ),
    Column("attempt", COUNT, "The number of the attempt at the test, from 0.", nullable=False),
    Column("test_id", TEXT, "What the framework calls the test.", nullable=False),
    Column("attempt_id", TEXT, "What the framework calls the attempt; Playwright only."),
    Column("state", TEXT, "`passed`, `failed`, `pending`, `skipped`, or a newer word."),
    Column("raw_status", TEXT, "Playwright's own word for it, for example `timedOut`."),
    Column("started_at", MOMENT, "When it began."),
    Column("duration_ms", WHOLE, "How long it took.", "ms"),
    Column("error_name", TEXT, "The class of the error."),
    Column("error_message", TEXT, "The message of the error."),
    Column("error_stack", TEXT, "The stack of the error."),
    Column("error_file", TEXT, "The file that the error points to."),
    Column("error_line", COUNT, "The line in that file, from 1."),
    Column("error_column", COUNT, "The column in that line."),
    Column("video_timestamp_ms", FRACTION, "When it began in the video; Cypress only.", "ms"),
    Column("worker_index", COUNT, "The number of the worker; Playwright only."),
    Column("parallel_index", COUNT, "The worker's place among those at work; Playwright only."),
)
_NO_ERROR = AttemptError()
_NOWHERE = Location()


class AttemptRows(Rows):
    """Attempts at tests."""

    table = Table(
        "attempts",
        "The attempts at tests, one row each.",
        key=("instance_id", "test_position", "attempt"),
        columns=_COLUMNS,
    )

    def __init__(self) -> None:
        super().__init__()
        self._instance_ids: list[str] = []
        self._positions: list[int] = []
        self._test_ids: list[str] = []
        self._numbers: list[int] = []
        self._attempts: list[Attempt] = []

    def add(self, run_id: str, instance: Instance) -> None:
        """Add the attempts at all tests of an instance."""
        for position, test in enumerate(instance.tests):
            for number, attempt in enumerate(test.attempts):
                self._positions.append(position)
                self._test_ids.append(test.test_id)
                self._numbers.append(number)
                self._attempts.append(attempt)
        added = len(self._attempts) - len(self)
        self._run_ids += [run_id] * added
        self._instance_ids += [instance.instance_id] * added

    def _values(self) -> Values:
        attempts = self._attempts
        errors = [attempt.error or _NO_ERROR for attempt in attempts]
        places = [_place_of(error) for error in errors]
        return {
            "instance_id": self._instance_ids,
            "test_position": self._positions,
            "attempt": self._numbers,
            "test_id": self._test_ids,
            "attempt_id": [attempt.attempt_id for attempt in attempts],
            "state": [attempt.state for attempt in attempts],
            "raw_status": [attempt.raw_status for attempt in attempts],
            "started_at": [attempt.wall_clock_started_at for attempt in attempts],
            "duration_ms": [attempt.wall_clock_duration for attempt in attempts],
            "error_name": [error.name for error in errors],
            "error_message": [error.message for error in errors],
            "error_stack": [error.stack for error in errors],
            "error_file": [place.file for place in places],
            "error_line": [place.line for place in places],
            "error_column": [place.column for place in places],
            "video_timestamp_ms": [attempt.video_timestamp for attempt in attempts],
            "worker_index": [attempt.worker_index for attempt in attempts],
            "parallel_index": [attempt.parallel_index for attempt in attempts],
        }


def _place_of(error: AttemptError) -> Location:
    """Say where an error is: Playwright says it outright, Cypress by the lines around it."""
    if error.location is not None:
        return error.location
    frame = error.code_frame
    if frame is None:
        return _NOWHERE
    return Location(file=_file_of(frame), line=frame.line, column=frame.column)


def _file_of(frame: CodeFrame) -> str | None:
    return frame.file or frame.relative_file or frame.original_file or frame.absolute_file
