import copy
import pickle
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.pretty import pretty_repr

from currents_async import models
from currents_async._wire.decoders import EnvelopeDecoder
from currents_async.models import (
    Attempt,
    AttemptError,
    Claim,
    CompletionState,
    CursorPage,
    FailureContext,
    Instance,
    InstanceTest,
    Model,
    OpenEnum,
    Outcome,
    Run,
    RunCancellation,
    RunFramework,
    RunMeta,
    RunSpec,
    RunStatus,
    SpecReport,
    Stats,
)
from tests.support import RUN

SAMPLES = Path(__file__).parents[1] / "samples"


def run_with(**fields: object) -> Run:
    return msgspec.convert({**RUN, **fields}, Run)


def sample(name: str, returns: type[Run] | type[Instance]) -> Run | Instance:
    decoder = EnvelopeDecoder(returns)
    decoder.feed((SAMPLES / f"{name}.json").read_bytes())
    return decoder.flush()[1]


class TestVocabularies:
    """The contradictions between the documents: either side decodes, to the same value."""

    @pytest.mark.parametrize(
        ("text", "state"),
        [
            ("complete", CompletionState.COMPLETE),
            ("COMPLETE", CompletionState.COMPLETE),
            ("incomplete", CompletionState.IN_PROGRESS),
            ("IN_PROGRESS", CompletionState.IN_PROGRESS),
            ("cancelled", CompletionState.CANCELED),
            ("CANCELED", CompletionState.CANCELED),
            ("timedOut", CompletionState.TIMEOUT),
            ("TIMEOUT", CompletionState.TIMEOUT),
        ],
    )
    def test_completion_state(self, text: str, state: CompletionState) -> None:
        assert run_with(completionState=text).completion_state is state

    @pytest.mark.parametrize(
        ("text", "status"),
        [
            ("passed", RunStatus.PASSED),
            ("PASSED", RunStatus.PASSED),
            ("failed", RunStatus.FAILED),
            ("FAILED", RunStatus.FAILED),
            ("running", RunStatus.RUNNING),
            ("RUNNING", RunStatus.RUNNING),
            ("FAILING", RunStatus.FAILING),
            ("cancelled", RunStatus.CANCELED),
            ("timedOut", RunStatus.TIMEOUT),
        ],
    )
    def test_status(self, text: str, status: RunStatus) -> None:
        assert run_with(status=text).status is status

    @pytest.mark.parametrize(
        "fields",
        [
            {"cancelledAt": "2026-01-02T03:04:05.678Z", "cancelledBy": "me"},
            {"canceledAt": "2026-01-02T03:04:05.678Z", "actor": "me"},
        ],
    )
    def test_cancellation(self, fields: dict[str, object]) -> None:
        cancellation = run_with(cancellation={**fields, "reason": "why"}).cancellation
        response = msgspec.convert({**fields, "runId": "r"}, RunCancellation)
        assert cancellation is not None
        for told in (cancellation, response):
            assert told.at == datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
            assert told.by == "me"

    @pytest.mark.parametrize("name", ["wallClockDuration", "duration"])
    def test_duration(self, name: str) -> None:
        assert msgspec.convert({name: 1500}, Stats).duration_ms == 1500

    @pytest.mark.parametrize("name", ["tests", "overall"])
    def test_total(self, name: str) -> None:
        assert msgspec.convert({name: 5}, Stats).total == 5


class TestOpenEnums:
    @given(st.sampled_from([CompletionState, RunStatus, Outcome]), st.text())
    def test_any_text_survives_as_itself(self, kind: type[OpenEnum], text: str) -> None:
        value = msgspec.json.decode(msgspec.json.encode(text), type=kind)
        known = [member for member in kind if text in {member.value, *member.synonyms}]
        assert isinstance(value, kind)
        assert value == (known[0] if known else text)
        assert hash(value) == hash(str(value))
        assert pickle.loads(pickle.dumps(value)) == value
        assert copy.deepcopy(value) == value
        assert msgspec.json.decode(msgspec.json.encode(value)) == str(value)

    def test_seeing_a_value_does_not_make_it_known(self) -> None:
        assert Outcome("tomorrow's") == "tomorrow's"
        assert len(Outcome) == 4

    def test_values_that_are_not_text_are_refused(self) -> None:
        with pytest.raises(ValueError, match="7"):
            Outcome(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


ALL_MODELS = [
    model
    for name in models.__all__
    if isinstance(model := getattr(models, name), type) and issubclass(model, Model)
]


@pytest.mark.parametrize("model", ALL_MODELS)
def test_models_are_frozen_tolerant_and_not_tracked_by_the_collector(model: type[Model]) -> None:
    config = model.__struct_config__
    assert config.frozen
    assert not config.gc
    assert not config.forbid_unknown_fields
    names = {field.encode_name for field in msgspec.structs.fields(model)}
    names -= {"_t", "_s", "_f", "(extra)"}
    assert all(name[0].islower() for name in names)
    assert model.__doc__


class TestRun:
    @pytest.mark.parametrize(
        ("status", "failed"), [("FAILED", True), ("FAILING", True), ("PASSED", False), ("?", False)]
    )
    def test_failed(self, status: str, failed: bool) -> None:  # noqa: FBT001
        assert run_with(status=status).failed is failed

    @pytest.mark.parametrize(
        ("state", "complete", "ended"),
        [
            ("COMPLETE", True, True),
            ("CANCELED", False, True),
            ("TIMEOUT", False, True),
            ("IN_PROGRESS", False, False),
            ("?", False, False),
        ],
    )
    def test_completion(self, state: str, complete: bool, ended: bool) -> None:  # noqa: FBT001
        run = run_with(completionState=state)
        assert run.is_complete is complete
        assert run.has_ended is ended

    def test_dates_may_be_null(self) -> None:
        assert run_with(createdAt=None).created_at is None


class TestRunSpec:
    def test_not_executed_yet(self) -> None:
        spec = msgspec.convert({"spec": "a.ts", "results": None}, RunSpec)
        assert not spec.failed
        assert not spec.is_complete
        assert spec.flaky == 0

    @pytest.mark.parametrize(
        "results",
        [{"stats": {"failures": 1}}, {"exception": "boom"}, {"exception": "boom", "stats": {}}],
    )
    def test_failed(self, results: dict[str, object]) -> None:
        assert msgspec.convert({"results": results}, RunSpec).failed

    def test_passed(self) -> None:
        results = {"stats": {"passes": 2, "pending": 1, "skipped": 1}, "exception": None}
        spec = msgspec.convert({"results": results, "completedAt": "2026-01-02T03:04:05Z"}, RunSpec)
        assert not spec.failed
        assert spec.is_complete

    @pytest.mark.parametrize("results", [{"flaky": 2}, {"stats": {"flaky": 2}}])
    def test_flaky_in_either_place(self, results: dict[str, object]) -> None:
        assert msgspec.convert({"results": results}, RunSpec).flaky == 2


class TestInstanceTest:
    def test_full_title(self) -> None:
        assert InstanceTest(title=("Cart", "with items", "is shown")).full_title == (
            "Cart > with items > is shown"
        )

    @pytest.mark.parametrize(
        ("state", "attempts", "server", "flaky"),
        [
            ("passed", ["failed", "passed"], None, True),
            ("passed", ["passed"], None, False),
            ("failed", ["failed", "failed"], None, False),
            ("passed", [], None, False),
            ("passed", ["passed"], True, True),
            ("passed", ["failed", "passed"], False, False),
        ],
    )
    def test_is_flaky(
        self,
        state: str,
        attempts: list[str],
        server: bool | None,  # noqa: FBT001
        flaky: bool,  # noqa: FBT001
    ) -> None:
        test = InstanceTest(
            state=Outcome(state),
            attempts=tuple(Attempt(state=Outcome(attempt)) for attempt in attempts),
            flaky=server,
        )
        assert test.is_flaky is flaky

    def test_the_last_error_counts(self) -> None:
        attempts = (
            Attempt(error=AttemptError(message="first")),
            Attempt(error=AttemptError(message="second\nand more")),
            Attempt(),
        )
        error = InstanceTest(attempts=attempts).error
        assert error is not None
        assert error.first_line == "second"
        assert InstanceTest().error is None

    @pytest.mark.parametrize(
        ("error", "line"),
        [
            (AttemptError(), ""),
            (AttemptError(message="\n\n one\ntwo"), "one"),
            (AttemptError(message="", stack="at a\nat b"), "at a"),
            (AttemptError(name="Error"), "Error"),
            (
                AttemptError(message="\x1b[2mexpect(\x1b[22m\x1b[31mreceived\x1b[39m)\x1b[0m\nat"),
                "expect(received)",
            ),
            (AttemptError(message="\x1b[2m\n\x1b[31mboom\x1b[0m"), "boom"),
            (AttemptError(message="\x1b[0m", stack="at a"), "at a"),
            (AttemptError(message="half of one \x1b[3"), "half of one [3"),
        ],
    )
    def test_first_line(self, error: AttemptError, line: str) -> None:
        assert error.first_line == line


def test_an_instance_without_results() -> None:
    instance = msgspec.convert({"instanceId": "i", "results": None}, Instance)
    assert instance.tests == ()
    assert not instance.failed


def test_the_framework_of_a_run() -> None:
    playwright = RunMeta(framework=RunFramework(type="pw", version="1.65"))
    assert Run(run_id="r", meta=playwright).framework.name == "pw"
    cypress = Run(run_id="r", cypress_version="15.1").framework
    assert (cypress.name, cypress.version) == ("cypress", "15.1")
    assert Run(run_id="r").framework == RunFramework()


def test_the_time_of_a_claim() -> None:
    assert Claim(t=1718617771368).at == datetime(2024, 6, 17, 9, 49, 31, 368_000, UTC)
    assert Claim().at is None


def test_models_are_values() -> None:
    run = sample("run-playwright", Run)
    assert run == sample("run-playwright", Run)
    assert pickle.loads(pickle.dumps(run)) == run
    with pytest.raises(AttributeError):
        run.status = RunStatus.PASSED  # type: ignore[misc,union-attr]


URL = "https://assets.example/v/1.mp4?X-Amz-Date=1&X-Amz-Signature=5ec2e7"


@pytest.mark.parametrize(
    "model",
    [
        SpecReport(video_url=URL),
        RunSpec(results=SpecReport(video_url=URL)),
        Attempt(error=AttemptError(message=f"see {URL}, please")),
        InstanceTest(title=("a", URL)),
        FailureContext(extra={"list": [{"errorContext": {"url": URL}}]}),
        CursorPage(items=(SpecReport(video_url=URL),)),
    ],
)
def test_neither_repr_nor_rich_shows_a_signature(model: msgspec.Struct) -> None:
    """Tracebacks and logs show models; whoever has the signature has the asset."""
    printed = StringIO()
    Console(file=printed, width=300).print(model)
    for shown in (printed.getvalue(), pretty_repr(model)):
        assert "5ec2e7" not in shown
        assert "1.mp4?[signature]" in shown
    assert "5ec2e7" not in repr(model)
    assert not isinstance(model, Model) or "5ec2e7" not in model._repr_html_()
    assert b"5ec2e7" in msgspec.json.encode(model)


def test_extra_json_may_be_deep() -> None:
    deep: object = 1
    for _ in range(300):
        deep = {"a": [deep]}
    card = FailureContext(extra={"x": deep})
    assert msgspec.json.decode(card.to_json())["x"] == deep
