"""The tests of an instance and their attempts, joined from where a response has them.

In responses of Playwright with `schemaVersion` 2, an instance lists its tests with little more than
their titles: how they ended stands beside the list, by their IDs. Source: `docs/api/fields.md`,
"Instances".
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Self, TypeVar

from msgspec import UNSET, UnsetType, field
from msgspec.structs import replace

from currents_async._text import without_escapes
from currents_async.models._model import Model, Timestamp
from currents_async.models.annotations import Annotation, HasAnnotations
from currents_async.models.common import Outcome
from currents_async.models.dashboard import test_url

_MILLISECOND = timedelta(milliseconds=1)


class CodeFrame(Model, frozen=True, gc=False, kw_only=True):
    """The lines of source around an error."""

    line: int | None = None
    column: int | None = None
    frame: str | None = None
    """The lines themselves, numbered, with a caret below the column."""
    file: str | None = None
    """Playwright only."""
    original_file: str | None = None
    """Cypress only, like the two below."""
    relative_file: str | None = None
    absolute_file: str | None = None
    language: str | None = None


class Location(Model, frozen=True, gc=False, kw_only=True):
    """A place in a source file."""

    file: str | None = None
    line: int | None = None
    column: int | None = None


class AttemptError(Model, frozen=True, gc=False, kw_only=True):
    """Why an attempt failed."""

    name: str | None = None
    message: str | None = None
    stack: str | None = None
    code_frame: CodeFrame | None = None
    location: Location | None = None
    value: object = None
    """What was thrown, where it was no error (inferred); Playwright only."""

    @property
    def first_line(self) -> str:
        """The first line of the message, or else of the stack, without colours."""
        texts = (without_escapes(text or "") for text in (self.message, self.stack, self.name))
        text = next((text for text in map(str.strip, texts) if text), "")
        return text.splitlines()[0] if text else ""

    def _label(self) -> str:
        return self.first_line


class Attempt(Model, frozen=True, gc=False, kw_only=True):
    """One attempt at a test."""

    attempt_id: str | None = None
    """The `record_id` of the test and the number of the attempt; Playwright only."""
    state: Outcome | None = None
    raw_status: str | None = None
    """Playwright's own word for the outcome, for example `timedOut`."""
    error: AttemptError | None = None
    wall_clock_started_at: Timestamp | None = None
    wall_clock_duration: int | None = None
    """Milliseconds."""
    video_timestamp: int | float | None = None
    """Milliseconds from the start of the video; Cypress only."""
    worker_index: int | None = None
    parallel_index: int | None = None

    @property
    def duration(self) -> int | None:
        """Milliseconds, by the name that it has in tests and spec files."""
        return self.wall_clock_duration

    def _label(self) -> str:
        return f"{self.state}" if self.error is None else f"{self.state}: {self.error.first_line}"


class InstanceTest(HasAnnotations, frozen=True, gc=False, kw_only=True, repr_omit_defaults=True):
    """One test of a spec file, with all its attempts."""

    test_id: str = ""
    instance_id: str | None = None
    """That of the instance, which fills it in."""
    title: tuple[str, ...] = ()
    """The titles of the suites around the test, then its own."""
    original_title: tuple[str, ...] = ()
    """Playwright only."""
    state: Outcome | None = None
    body: str | None = None
    """The source of the test; Cypress only."""
    display_error: str | None = None
    flaky: bool | None = field(default=None, name="isFlaky")
    """As the server sends it, if it does: read `is_flaky`."""
    tags: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    record_id: str | None = None
    """Newer responses of Playwright only, like the three below."""
    start_time: Timestamp | None = None
    """When the first attempt started."""
    end_time: Timestamp | None = None
    """When the last attempt ended."""
    duration_ms: int | None = field(default=None, name="duration")
    """As the server sends it: read `duration`."""
    # From lists of schema 2; the instance moves them to the fields above.
    _state: Outcome | UnsetType | None = field(default=UNSET, name="_s")
    _flaky: bool | UnsetType | None = field(default=UNSET, name="_f")

    @property
    def url(self) -> str | None:
        """The page of the test on the dashboard of Currents; on another, `dashboard_url`."""
        return test_url(self.instance_id, self.test_id)

    @property
    def duration(self) -> int | None:
        """Milliseconds from the start of the first attempt to the end of the last.

        As the server says, or else as the attempts show; None if neither does.
        """
        if self.duration_ms is not None or not self.attempts:
            return self.duration_ms
        first, last = self.attempts[0], self.attempts[-1]
        started, last_started = first.wall_clock_started_at, last.wall_clock_started_at
        if started is None or last_started is None:
            return None
        # Of thousands of tests, nearly all have one attempt.
        retried = 0 if first is last else (last_started - started) // _MILLISECOND
        return retried + (last.wall_clock_duration or 0)

    @property
    def full_title(self) -> str:
        """The title in one line, outermost suite first."""
        return " > ".join(self.title)

    @property
    def failed(self) -> bool:
        """Whether the last attempt failed."""
        return self.state == Outcome.FAILED

    @property
    def is_flaky(self) -> bool:
        """Whether the test passed only after a failed attempt.

        As the server says (Playwright), or else as the attempts show.
        """
        if self.flaky is not None:
            return self.flaky
        return self.state == Outcome.PASSED and any(
            attempt.state == Outcome.FAILED for attempt in self.attempts
        )

    @property
    def error(self) -> AttemptError | None:
        """The error of the last attempt that has one."""
        return next((attempt.error for attempt in reversed(self.attempts) if attempt.error), None)

    def _label(self) -> str:
        return f"{self.state} {self.full_title}"

    def _joined(
        self,
        result: "InstanceTest",
        named: "InstanceTest",
        instance_id: str,
        tags: tuple[str, ...],
        annotations: tuple[Annotation, ...],
    ) -> Self:
        # Each field is from the first place that has it, as in `join_documents`. But tests with the
        # same ID share a result, and each is listed with its own state. Any place may say that a
        # test was flaky.
        state = _either(self.state, self._state, result.state, named.state)
        result_flaky = result.flaky if result.state == state else None
        duration_ms = result.duration_ms if self.duration_ms is None else self.duration_ms
        return replace(
            self,
            instance_id=instance_id,
            title=self.title or result.title or named.title,
            original_title=self.original_title or result.original_title or named.original_title,
            state=state,
            display_error=_either(self.display_error, result.display_error, named.display_error),
            flaky=_any_true(self.flaky, self._flaky, result_flaky),
            tags=self.tags or result.tags or named.tags or tags,
            annotations=self.annotations or result.annotations or named.annotations or annotations,
            attempts=self.attempts or result.attempts or named.attempts,
            record_id=_either(self.record_id, result.record_id, named.record_id),
            start_time=self.start_time or result.start_time or named.start_time,
            end_time=self.end_time or result.end_time or named.end_time,
            duration_ms=named.duration_ms if duration_ms is None else duration_ms,
            _state=UNSET,
            _flaky=UNSET,
        )


_NOTHING = InstanceTest()

TextT = TypeVar("TextT", bound=str)


def _either(*values: TextT | UnsetType | None) -> TextT | None:
    """Return the first text that is not empty, or else an empty one, or else None."""
    found: TextT | None = None
    for value in values:
        if value is not None and value is not UNSET:
            if value:
                return value
            found = value if found is None else found
    return found


def _any_true(*values: bool | UnsetType | None) -> bool | None:
    """Return whether one of the values is true, or None if there is neither True nor False."""
    return True in values or (False if False in values else None)


def join_tests(
    listed: Sequence[InstanceTest],
    results: Mapping[str, InstanceTest | None],
    *,
    instance_id: str,
    titles: Mapping[str, InstanceTest | None],
    tags: Mapping[str, tuple[str, ...] | None],
    annotations: Mapping[str, tuple[Annotation, ...] | None],
) -> Iterator[InstanceTest]:
    """Join tests with their results, titles, tags and annotations, by ID.

    Tests that have a result but are not listed come last.
    """
    joined = InstanceTest._joined  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - our own

    def join(test: InstanceTest) -> InstanceTest:
        return joined(
            test,
            results.get(test.test_id) or _NOTHING,
            titles.get(test.test_id) or _NOTHING,
            instance_id,
            tags.get(test.test_id) or (),
            annotations.get(test.test_id) or (),
        )

    known: set[str] = set()
    for test in listed:
        known.add(test.test_id)
        yield join(test)
    for test_id, result in results.items():
        if result is not None and test_id not in known:
            yield join(replace(titles.get(test_id) or type(result)(), test_id=test_id))


def join_documents(instance: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON of an instance with each part where its model is after `join_tests`."""
    report: dict[str, Any] = instance.get("results") or {}
    names = ("testResults", "testList", "testTags", "testAnnotations")
    parts: list[dict[str, Any]] = [instance.get(name) or {} for name in names]
    results, titles, tags, annotations = parts
    listed: list[dict[str, Any]] = report.get("tests") or []
    known = {_id_of(test) for test in listed}
    unlisted: list[dict[str, Any]] = [
        {**(titles.get(test_id) or {}), "testId": test_id}
        for test_id, result in results.items()
        if result is not None and test_id not in known
    ]
    tests = [
        _first_of_each(
            test,
            results.get(_id_of(test)) or {},
            titles.get(_id_of(test)) or {},
            {"tags": tags.get(_id_of(test)), "annotations": annotations.get(_id_of(test))},
        )
        for test in (*listed, *unlisted)
    ]
    records: dict[str, Any] = instance.get("claimRecords") or {}
    claims = instance.get("claimList") or [*records.values()]
    return {**instance, "claimList": claims, "results": {**report, "tests": tests}}


def _first_of_each(*places: dict[str, Any]) -> dict[str, Any]:
    """Return each field of several objects as in the first one where it is not empty."""
    joined: dict[str, Any] = {}
    for place in places:
        for name, value in place.items():
            joined[name] = joined.get(name) or value
    return joined


def _id_of(test: dict[str, Any]) -> str:
    return str(test.get("testId", ""))
