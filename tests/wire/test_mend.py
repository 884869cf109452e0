"""A detail that is not as documented costs that detail: values, elements and items of lists."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._wire.body_errors import BodyError, UnexpectedBodyError
from currents_async._wire.collecting import CollectingDecoder
from currents_async._wire.decoders import CursorPageDecoder, EnvelopeDecoder
from currents_async._wire.elements import ElementDecoder
from currents_async._wire.envelope import decode, envelope_decoder
from currents_async._wire.notes import Notes
from currents_async.models import (
    Action,
    AffectedTest,
    Claim,
    CompletionState,
    ErrorsPage,
    ExploredTestMetrics,
    Instance,
    InstanceTest,
    ListedRun,
    NumberedPage,
    Outcome,
    Project,
    ProjectInsights,
    Run,
    RunStatus,
    SpecFile,
    Stats,
    Webhook,
)
from tests.wire.test_elements import HEAD, INSTANCE, RUN, SPECS, Shape, split


def read(data: object, returns: Any) -> tuple[Any, str]:
    """Return what is read, and the notes of it."""
    decoder: EnvelopeDecoder[Any] = EnvelopeDecoder(returns)
    decoder.feed(json.dumps({"status": "OK", "data": data}).encode())
    model = decoder.flush()[1]
    return model, str(decoder.notes)


def read_stats(**fields: object) -> tuple[Stats, str]:
    run, notes = read({**HEAD, "specs": [{"results": {"stats": fields}}]}, Run)
    return run.specs[0].results.stats, notes


STATS = "$.data.specs[0].results.stats"


class TestNumbers:
    """JavaScript has one type of numbers, and writes them as it likes."""

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("12.0", 12),
            ("1e3", 1000),
            ("1E+3", 1000),
            ("-0.0", 0),
            ("2e0", 2),
            ("4503599627370497.0", 2**52 + 1),
            ("9007199254740991.0", 2**53 - 1),
        ],
    )
    def test_whole_ones_are_whole_however_they_are_written(self, written: str, read: int) -> None:
        decoder = EnvelopeDecoder(Claim)
        decoder.feed(b'{"data":{"t":%b},"status":"OK"}' % written.encode())
        claim = decoder.flush()[1]
        assert claim.t == read
        assert type(claim.t) is int
        assert decoder.notes.bent == 0

    @pytest.mark.parametrize(
        ("sent", "read"),
        [
            (12.5, 13),
            (12.4, 12),
            (11.5, 12),
            (-0.5, 0),
            (0.49, 0),
            (0.49999999999999994, 0),
            (1e15 + 0.5, 10**15 + 1),
        ],
    )
    def test_fractions_are_rounded_as_javascript_does(self, sent: float, read: int) -> None:
        stats, notes = read_stats(wallClockDuration=sent, failures=2)
        assert (stats.wall_clock_duration, stats.failures) == (read, 2)
        assert notes == f"{STATS}.wallClockDuration (a fraction)"

    @pytest.mark.parametrize("number", [12, 12.5, 1e300, -1e-300])
    def test_where_fractions_belong_they_stay(self, number: float) -> None:
        test, notes = read({"testId": {}, "attempts": [{"videoTimestamp": number}]}, InstanceTest)
        assert test.attempts[0].video_timestamp == number
        assert notes == "$.data.testId (no text)"

    @pytest.mark.parametrize("failures", ["2", "2.0", 2.0, [2]])
    def test_what_can_only_mean_a_number_is_one(self, failures: object) -> None:
        stats, _ = read_stats(failures=failures)
        assert stats.failures == 2

    @pytest.mark.parametrize("failures", ["", "two", "1e3", {}, [], [1, 2], None, 1e300, -1e19])
    def test_what_can_not_is_absent(self, failures: object) -> None:
        stats, notes = read_stats(failures=failures, passes=3)
        assert (stats.failures, stats.passes) == (0, 3)
        assert notes.startswith(f"{STATS}.failures (")

    def test_none_is_too_large_to_be_read(self) -> None:
        text = (
            b'{"status":"OK","data":{"failureRate":1e999,"flakinessRate":%b,"failures":%b,"x":-1e999,'
            b'"passes":2}}' % (b"9" * 400, b"9" * 400)
        )
        decoder = EnvelopeDecoder(ExploredTestMetrics)
        decoder.feed(text)
        metrics = decoder.flush()[1]
        assert (metrics.failure_rate, metrics.flakiness_rate, metrics.passes) == (None, None, 2)
        assert metrics.failures == int("9" * 400)

    def test_a_claim_beyond_all_dates_has_none(self) -> None:
        for t in (10**17, -(10**17), 10**400):
            assert Claim(t=t).at is None
        assert Claim(t=0).at == datetime(1970, 1, 1, tzinfo=UTC)


class TestTexts:
    def test_numbers_for_texts_are_their_digits(self) -> None:
        run, notes = read({**HEAD, "runId": 12, "previousRunId": 7.5, "tags": [1.0]}, Run)
        assert (run.run_id, run.previous_run_id, run.tags) == ("12", "7.5", ("1",))
        assert notes.count("a number instead of a text") == 3

    def test_one_text_for_several_is_one_of_them(self) -> None:
        test, _ = read({"title": "logs in", "tags": ""}, InstanceTest)
        assert (test.title, test.tags) == (("logs in",), ())

    def test_of_a_union_the_member_that_fits_is_taken(self) -> None:
        test, notes = read({"title": ["a", None, "b"], "spec": None, "signature": {}}, AffectedTest)
        assert test.title == ("a", "b")
        assert notes == "$.data.signature (no text), $.data.title[1] (null)"
        assert read({"title": "a", "signature": {}}, AffectedTest)[0].title == "a"

    def test_a_list_of_one_is_what_is_in_it(self) -> None:
        insights, _ = read(
            {"resolution": ["1d"], "results": [{"timeline": [None]}]}, ProjectInsights
        )
        assert insights.resolution == "1d"
        assert insights.results.by_date == {}

    @pytest.mark.parametrize("flaky", ["true", 1, 1.0, [True]])
    def test_what_can_only_mean_true(self, flaky: object) -> None:
        assert read({"isFlaky": flaky, "title": None}, InstanceTest)[0].flaky is True

    @pytest.mark.parametrize("flaky", ["", "yes", 2, {}, None])
    def test_what_may_mean_anything_is_absent(self, flaky: object) -> None:
        assert read({"isFlaky": flaky, "title": None}, InstanceTest)[0].flaky is None


class TestDates:
    @pytest.mark.parametrize(
        ("sent", "read"),
        [
            ("2026-01-02T03:04:05.678", datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)),
            ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
            ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
            (
                "2026-01-02T03:04:05+01:00",
                datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1))),
            ),
        ],
    )
    def test_without_a_zone_are_in_utc(self, sent: str, read: datetime) -> None:
        run = RUN.whole(json.dumps({"data": {**HEAD, "createdAt": sent, "tags": None}}).encode())
        assert run.created_at == read
        assert run.created_at.tzinfo is not None

    @pytest.mark.parametrize(
        "sent", ["", " ", "yesterday", "2026-13-01", "+012026-01-01T00:00:00Z", 0, 1e12, {}, []]
    )
    def test_what_is_none_is_absent(self, sent: object) -> None:
        run, notes = read({**HEAD, "createdAt": sent}, Run)
        assert run.created_at is None
        assert notes.startswith("$.data.createdAt (")

    def test_all_of_them_can_be_compared(self) -> None:
        data = {**HEAD, "createdAt": "2026-01-02T03:04:05", "deletedAt": "2026-01-02T03:04:06Z"}
        run, notes = read(data, Run)
        assert run.created_at < run.deleted_at
        assert notes == "$.data.createdAt (a date without a time zone)"


class TestStates:
    @pytest.mark.parametrize("said", [{}, {"status": None, "completionState": None}, {"status": 5}])
    def test_of_a_run_may_be_unknown(self, said: dict[str, object]) -> None:
        run, _ = read({"runId": "r", **said}, Run)
        assert run.status is RunStatus.UNKNOWN
        assert run.completion_state is CompletionState.UNKNOWN
        assert not run.has_ended
        assert not run.is_complete
        assert not run.failed
        assert run.project_id == ""

    def test_that_are_unknown_stay_as_they_are(self) -> None:
        run, notes = read({**HEAD, "status": "QUEUED"}, Run)
        assert run.status == "QUEUED"
        assert notes == ""

    def test_of_attempts_are_absent_where_they_are_no_text(self) -> None:
        data = {"state": 1, "attempts": [{"state": ["failed"]}, {"state": {}}]}
        test, _ = read(data, InstanceTest)
        assert test.state is None
        assert [attempt.state for attempt in test.attempts] == [Outcome.FAILED, None]


class TestArrays:
    def test_nulls_are_left_out(self) -> None:
        tests = [None, {"testId": "a", "attempts": [None, {"attemptId": "x"}]}, None]
        instance, notes = read({"instanceId": "i", "results": {"tests": tests}}, Instance)
        [test] = instance.tests
        assert [attempt.attempt_id for attempt in test.attempts] == ["x"]
        assert notes == (
            "$.data.results.tests[0] (null), $.data.results.tests[1].attempts[0] (null), "
            "$.data.results.tests[2] (null)"
        )

    def test_what_is_no_element_is_left_out_and_said_to_be_lost(self) -> None:
        decoder = EnvelopeDecoder(Run)
        decoder.feed(json.dumps({"data": {**HEAD, "specs": [5, None, {"spec": "a"}]}}).encode())
        run = decoder.flush()[1]
        assert [spec.spec for spec in run.specs] == ["a"]
        assert (decoder.notes.bent, decoder.notes.lost) == (2, 1)

    def test_a_wrong_type_is_no_array(self) -> None:
        run, _ = read({**HEAD, "specs": 5, "groups": {"groupId": "g"}, "tags": {}}, Run)
        assert run == RUN.whole(json.dumps({"data": HEAD}).encode())


class TestExtra:
    """What the models do not know stays beside what was mended."""

    def test_of_one_model(self) -> None:
        project, _ = read({"projectId": "p", "createdAt": "", "new": [None, 1.5]}, Project)
        assert project.created_at is None
        assert project.extra == {"new": [None, 1.5]}

    def test_of_an_array_that_lost_elements(self) -> None:
        data = {"actionId": "a", "action": [None, {"op": "skip", "n": 1}, 5, {"op": None, "n": 2}]}
        action, _ = read(data, Action)
        assert [(str(one.op), one.extra) for one in action.action] == [
            ("skip", {"n": 1}),
            ("unknown", {"n": 2}),
        ]

    def test_of_items_of_which_one_cannot_be_read(self) -> None:
        decoder = CursorPageDecoder(Project)
        items = [{"projectId": "a", "n": 1}, {"n": 2}, {"projectId": "b", "name": None, "n": 3}]
        decoder.feed(json.dumps({"data": items}).encode())
        page = decoder.flush()[1]
        assert [(item.project_id, item.extra) for item in page.items] == [
            ("a", {"n": 1}),
            ("b", {"n": 3}),
        ]


class TestItems:
    """One item that nobody can read does not cost the page."""

    ITEMS: tuple[Any, ...] = (
        {"runId": "a", "cursor": "1"},
        {"cursor": "2"},
        None,
        "text",
        {"runId": "b", "durationMs": 12.5, "cursor": "3"},
        {"runId": {}, "cursor": ""},
    )
    REASONS = (
        (1, "Object missing required field `runId`", "2"),
        (2, "Expected `object`, got `null`", None),
        (3, "Expected `object`, got `str`", None),
        (5, "Expected `str`, got `object` - at `$.runId`", None),
    )

    def check(self, page: Any, notes: Notes) -> None:
        assert [item.run_id for item in page.items] == ["a", "b"]
        assert page.items[1].duration_ms == 13
        assert [(one.position, one.reason, one.cursor) for one in page.unreadable] == [
            *self.REASONS
        ]
        assert notes.lost == 4

    def test_of_a_cursor_page(self) -> None:
        decoder = CursorPageDecoder(ListedRun)
        decoder.feed(json.dumps({"has_more": True, "data": self.ITEMS}).encode())
        page = decoder.flush()[1]
        self.check(page, decoder.notes)
        assert page.has_more
        assert str(decoder.notes).startswith(
            "$.data[1] (Object missing required field `runId`), $.data[2] (Expected `object`"
        )

    def test_of_a_numbered_page(self) -> None:
        decoder = EnvelopeDecoder(NumberedPage[ListedRun])
        data = {"list": self.ITEMS, "total": "6", "nextPage": 1.0}
        decoder.feed(json.dumps({"data": data}).encode())
        page = decoder.flush()[1]
        self.check(page, decoder.notes)
        assert (page.total, page.next_page, type(page.next_page)) == (6, 1, int)
        assert "$.data.list[1] (" in str(decoder.notes)

    def test_of_a_list_without_pages(self) -> None:
        decoder: EnvelopeDecoder[Any] = EnvelopeDecoder(tuple[Webhook, ...])
        decoder.feed(json.dumps({"data": [{"hookId": "a"}, {"url": "b"}]}).encode())
        assert [hook.hook_id for hook in decoder.flush()[1]] == ["a"]
        assert decoder.notes.lost == 1

    def test_of_a_page_with_more_than_items(self) -> None:
        decoder = EnvelopeDecoder(ErrorsPage)
        data = {"list": [{"count": 2.5}, 7], "timeline": [{"items": [{"message": 1}, None]}]}
        decoder.feed(json.dumps({"data": data}).encode())
        page = decoder.flush()[1]
        assert [one.count for one in page.items] == [3]
        assert [one.message for one in page.timeline[0].items] == ["1"]
        assert [one.position for one in page.unreadable] == [1]

    @pytest.mark.parametrize("following", [None, False, "", {}, "no"])
    def test_where_no_page_follows_the_list_ends(self, following: object) -> None:
        page, _ = read({"list": [{"spec": "a"}], "nextPage": following}, NumberedPage[SpecFile])
        assert not page.has_more

    def test_a_null_in_place_of_a_list_is_no_list(self) -> None:
        with pytest.raises(UnexpectedBodyError, match="no data"):
            read(None, tuple[Webhook, ...])


@dataclass
class Point:
    x: int = 1
    y: int = 2


class TestTypesOfTheCallers:
    class Deep(msgspec.Struct):
        kind: Literal["a", "b"] = "a"
        raw: msgspec.Raw = msgspec.Raw(b"null")
        pair: tuple[int, str] = (0, "")
        inner: "TestTypesOfTheCallers.Deep | None" = None
        sizes: dict[str, int] = {}
        moment: datetime | None = None

    def test_are_mended_like_models(self) -> None:
        data = {
            "kind": "c",
            "raw": {"x": [1]},
            "pair": [1],
            "inner": {"kind": "b", "pair": [1, "x"], "sizes": {"a": 1.5, "b": None, "c": []}},
            "moment": "",
        }
        deep, notes = read(data, self.Deep)
        assert (deep.kind, bytes(deep.raw), deep.pair, deep.moment) == (
            "a",
            b'{"x":[1]}',
            (0, ""),
            None,
        )
        assert (deep.inner.kind, deep.inner.pair, deep.inner.sizes) == ("b", (1, "x"), {"a": 2})
        assert "$.data.inner.sizes.* (a fraction)" in notes

    def test_of_other_libraries_lose_their_nulls_alone(self) -> None:
        points, _ = read([{"x": None, "y": 5}], list[Point])
        assert points == [Point(1, 5)]
        with pytest.raises(UnexpectedBodyError, match="Expected `int`, got `str`"):
            read([{"x": "1"}], list[Point])


def test_no_value_is_in_the_notes() -> None:
    secret = "5ec2e7"
    data = {
        "hookId": "h",
        "projectId": {secret: secret},
        "headers": [secret, secret],
        "hookEvents": [secret, {secret: secret}],
        "createdAt": secret,
        "label": [[secret]],
        "updatedAt": [secret],
    }
    _, notes = read(data, Webhook)
    assert "$.data.headers (no text)" in notes
    assert secret not in notes


def test_of_many_places_some_are_told_and_all_are_counted() -> None:
    run, notes = read({**HEAD, "specs": [{"spec": None} for _ in range(50)]}, Run)
    assert len(run.specs) == 50
    assert notes.count("spec (null)") == 5
    assert notes.endswith("$.data.specs[4].spec (null), and 45 more")


# A whole text is the oracle of one that is streamed.

MUTANTS: list[Any] = [
    None,
    "",
    "x",
    [],
    {},
    12.5,
    1e3,
    "12",
    True,
    "\ud83d",
    [None],
    ["x"],
    "2026-01-01",
]


def mutated(value: Any, path: list[int], mutant: Any) -> Any:
    """Return a value with one of those inside it replaced, chosen by a path of numbers."""
    if not path or not isinstance(value, dict | list) or not value:
        return mutant
    number, *rest = path
    if isinstance(value, dict):
        name = list(value)[number % len(value)]
        return {**value, name: mutated(value[name], rest, mutant)}
    index = number % len(value)
    return [*value[:index], mutated(value[index], rest, mutant), *value[index + 1 :]]


PATHS = st.lists(
    st.tuples(st.lists(st.integers(0, 30), min_size=2, max_size=6), st.sampled_from(MUTANTS)),
    max_size=6,
)
CUTS = st.lists(st.floats(0, 1), max_size=8)


def spec(number: int) -> dict[str, Any]:
    stats = {"failures": 1, "wallClockStartedAt": "2026-01-01T00:00:00Z"}
    return {
        "spec": f"{number}.ts",
        "tags": ["a"],
        "completedAt": "2026-01-01T00:00:00Z",
        "results": {"stats": stats, "flaky": 1, "screenshots": [{"name": "s"}]},
    }


def instance_test(number: int) -> dict[str, Any]:
    attempts = [{"state": "failed", "error": {"message": "m"}, "wallClockDuration": 5}]
    return {"testId": f"t{number}", "title": ["a", "b"], "state": "passed", "attempts": attempts}


@given(PATHS, CUTS, st.sampled_from([RUN, INSTANCE]))
def test_streamed_and_whole_are_the_same_whatever_is_mended(
    mutations: list[tuple[list[int], Any]], cuts: list[float], shape: Shape
) -> None:
    if shape is RUN:
        specs = [spec(number) for number in range(12)]
        data = {"runId": "r", "tags": ["t"], "specs": specs, **HEAD, "groups": [{"tags": []}]}
    else:
        tests = [instance_test(number) for number in range(12)]
        data = {"instanceId": "i", "results": {"stats": {"tests": 3}, "tests": tests}, "spec": "s"}
    document: Any = {"status": "OK", "data": data}
    for path, mutant in mutations:
        document = mutated(document, [1, *path], mutant)
    text = json.dumps(document).encode()
    pieces = split(text, [int(cut * len(text)) for cut in cuts])
    whole: EnvelopeDecoder[Any] = EnvelopeDecoder(shape.returns)
    collected: CollectingDecoder[Any] = CollectingDecoder(shape.returns, [shape.array], least=100)
    expected, actual = outcome(whole, [text]), outcome(collected, pieces)
    assert actual == expected
    if not isinstance(expected, tuple):
        assert shape.streamed(pieces)[0] == expected
        assert (collected.notes.bent, collected.notes.lost) == (whole.notes.bent, whole.notes.lost)


def outcome(decoder: Any, pieces: list[bytes]) -> Any:
    """Return what is read, or the reason and the place why it is not."""
    try:
        for piece in pieces:
            decoder.feed(piece)
        return decoder.flush()[1]
    except BodyError as fault:
        return type(fault), str(fault), getattr(fault, "path", None)


def test_every_spec_may_be_odd_and_they_still_stream() -> None:
    """Batch by batch: what is mended is what has come, and each byte once."""
    specs = [{**spec(number), "tags": [None, "a"]} for number in range(2_000)]
    text = json.dumps({"status": "OK", "data": {**HEAD, "specs": specs}}).encode()
    decoder = ElementDecoder(Run, SPECS, SPECS.element)
    early = [len(decoder.feed(text[at : at + 8192])) for at in range(0, len(text), 8192)]
    last, _ = decoder.flush()
    assert sum(early) + len(last) == 2_000
    assert max(early) < 60
    assert len(last) < 60
    assert decoder.notes.bent == 2_000


def test_a_body_in_order_is_parsed_once() -> None:
    decoder: EnvelopeDecoder[Run] = EnvelopeDecoder(Run)
    parsed: list[int] = []

    class Counting:
        type = envelope_decoder(Run).type

        def decode(self, text: bytes) -> Any:
            parsed.append(len(text))
            return envelope_decoder(Run).decode(text)

    text = json.dumps({"data": HEAD}).encode()
    counting: Any = Counting()
    decode(text, counting, decoder.notes)
    assert parsed == [len(text)]
