"""The table of attempts at tests."""

from currents_async.arrow._kinds import COUNT, FRACTION, MOMENT, TEXT, WHOLE
from currents_async.export._tables.table import CellRows, Column, Table
from currents_async.models import AttemptError, CodeFrame, Instance, Location

_COLUMNS = (
    Column("instance_id", TEXT, "The execution of the spec file.", nullable=False),
    Column(
        "test_position", COUNT, "The number of the test in its instance, from 0.", nullable=False
    ),
    Column("attempt", COUNT, "The number of the attempt at the test, from 0.", nullable=False),
    Column("test_id", TEXT, "The test's ID in its framework.", nullable=False),
    Column("attempt_id", TEXT, "The attempt's ID in its framework; Playwright only."),
    Column("state", TEXT, "`passed`, `failed`, `pending`, `skipped`, or a newer word."),
    Column("raw_status", TEXT, "Playwright's own word for it, such as `timedOut`."),
    Column("started_at", MOMENT, "When it began."),
    Column("duration_ms", WHOLE, "How long it took.", unit="ms"),
    Column("error_name", TEXT, "The class of the error."),
    Column("error_message", TEXT, "The message of the error."),
    Column("error_stack", TEXT, "The stack of the error."),
    Column("error_file", TEXT, "The file that the error points to."),
    Column("error_line", COUNT, "The line in that file, from 1."),
    Column("error_column", COUNT, "The column in that line."),
    Column("video_timestamp_ms", FRACTION, "When it began in the video; Cypress only.", unit="ms"),
    Column("worker_index", COUNT, "The number of the worker; Playwright only."),
    Column(
        "parallel_index",
        COUNT,
        "The worker's place among those running in parallel; Playwright only.",
    ),
)
_NOWHERE = Location()
_NO_ERROR = (None,) * 6


class AttemptRows(CellRows):
    """Attempts at tests."""

    table = Table(
        "attempts",
        "The attempts at tests, one row each.",
        key=("instance_id", "test_position", "attempt"),
        columns=_COLUMNS,
    )

    def add(self, run_id: str, instance: Instance) -> None:
        cells, instance_id = self._cells, instance.instance_id
        for position, test in enumerate(instance.tests):
            for number, attempt in enumerate(test.attempts):
                cells += (
                    instance_id,
                    position,
                    number,
                    test.test_id,
                    attempt.attempt_id,
                    attempt.state,
                    attempt.raw_status,
                    attempt.wall_clock_started_at,
                    attempt.wall_clock_duration,
                    *(_NO_ERROR if attempt.error is None else _facts_of(attempt.error)),
                    attempt.video_timestamp,
                    attempt.worker_index,
                    attempt.parallel_index,
                )
        self._run_ids += [run_id] * (len(cells) // len(_COLUMNS) - len(self))


def _facts_of(error: AttemptError) -> tuple[object, ...]:
    place = _place_of(error)
    return error.name, error.message, error.stack, place.file, place.line, place.column


def _place_of(error: AttemptError) -> Location:
    """Return where an error is: Playwright gives a location, Cypress a code frame."""
    if error.location is not None:
        return error.location
    frame = error.code_frame
    if frame is None:
        return _NOWHERE
    return Location(file=_file_of(frame), line=frame.line, column=frame.column)


def _file_of(frame: CodeFrame) -> str | None:
    return frame.file or frame.relative_file or frame.original_file or frame.absolute_file
