"""Fields that the OpenAPI document does not have, and what is read from them."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from currents_async import InvalidArgumentError
from currents_async._resources.projects import LIST_PROJECT_PULL_REQUESTS
from currents_async._wire.decoders import EnvelopeDecoder, decoder_for
from currents_async.models import (
    Annotation,
    Attempt,
    Commit,
    FailureContext,
    Instance,
    InstanceTest,
    LastRun,
    LastRunStatus,
    Metric,
    MetricType,
    MetricUnit,
    ProjectInsights,
    PullRequestEvent,
    Run,
    RunSpec,
    Screenshot,
    TestResult,
    dashboard_url,
)
from tests.models.test_models import SAMPLES, run_with, sample

COMPLETE, LAST_FAILED = "run-playwright-2026-complete", "run-playwright-2026-last-failed"
SCHEMA_2 = "instance-playwright-schema-2"


def run_of(name: str) -> Run:
    run = sample(name, Run)
    assert isinstance(run, Run)
    return run


def instance_of(name: str) -> Instance:
    instance = sample(name, Instance)
    assert isinstance(instance, Instance)
    return instance


class TestRun:
    def test_groups(self) -> None:
        [group] = run_of(COMPLETE).groups
        assert (group.duration_ms, group.spec_count) == (59_850, 3)
        assert group.coverage_enabled is False

    def test_the_commit_of_a_pull_request(self) -> None:
        run = run_of(COMPLETE)
        assert run.meta is not None
        commit = run.meta.commit
        assert commit is not None
        assert commit.event is commit.gha_event_data
        assert commit.event is not None
        assert commit.event.base_ref == "main"
        assert commit.replaced_commit_data is not None
        assert commit.replaced_commit_data.branch == "refs/pull/482/merge"
        assert run.head_sha == commit.event.head_sha == "ad9548c5dfc3418c9ea89998e9ad40144eae588d"
        assert run.branch == "feat/voucher"

    @pytest.mark.parametrize(
        ("commit", "sha"),
        [
            (None, None),
            ({}, None),
            ({"sha": "merge"}, "merge"),
            ({"sha": "merge", "ghaEventData": None}, "merge"),
            ({"sha": "merge", "ghaEventData": {"headRef": "f"}}, "merge"),
            ({"sha": "merge", "ghaEventData": {"headSha": "head"}}, "head"),
            ({"sha": "merge", "adoEventData": {"headSha": "head"}}, "head"),
        ],
    )
    def test_the_sha_to_report_on(self, commit: object, sha: str | None) -> None:
        assert run_with(meta={"commit": commit}).head_sha == sha
        assert run_with().head_sha is None

    @pytest.mark.parametrize(
        ("meta", "branch"),
        [
            (None, None),
            ({"commit": {"branch": "b", "ghaEventData": {"headRef": "h"}}}, "b"),
            ({"commit": {"ghaEventData": {"headRef": "h"}}, "pr": {"source": "s"}}, "h"),
            ({"pr": {"source": "s"}}, "s"),
            ({"commit": {"branch": ""}}, None),
        ],
    )
    def test_branch(self, meta: object, branch: str | None) -> None:
        assert run_with(meta=meta).branch == branch

    def test_every_candidate_of_the_title_in_turn(self) -> None:
        meta: dict[str, Any] = {
            "pr": {"title": " of the PR ", "id": "github:github.com/o/r#482"},
            "commit": {"message": "\nof the commit\n\nbody", "ghaEventData": {"prTitle": "of CI"}},
            "title": "of the run\nmore",
            "ciBuildId": "b-1",
        }
        seen: list[str] = []
        for part, name in [
            ("pr", "title"),
            ("commit", "ghaEventData"),
            ("pr", "id"),
            ("title", None),
            ("commit", "message"),
            ("ciBuildId", None),
        ]:
            seen.append(run_with(runId="0123456789", meta=meta).title)
            changed = None if name is None else {**meta[part], name: ""}
            meta = {**meta, part: changed if name != "ghaEventData" else {"message": "of\n the"}}
        assert seen == [
            "of the PR",
            "of CI",
            "Pull Request #482",
            "of the run",
            "of",
            "Run #b-1",
        ]
        assert run_with(runId="0123456789", meta=meta).title == "Run #012345"

    @pytest.mark.parametrize("name", ["title", "message"])
    def test_a_merge_is_no_title(self, name: str) -> None:
        merge = "Merge ad9548c5 into 16c8f4e2\n\nmore"
        meta = {"title": merge} if name == "title" else {"commit": {"message": merge}}
        assert run_with(meta={**meta, "ciBuildId": "7"}).title == "Run #7"
        meant = {"title": "Merge the carts into one"}
        assert run_with(meta=meant).title == "Merge the carts into one"

    @pytest.mark.parametrize(
        ("fields", "environments"),
        [
            ({"environments": ["b", "a"], "groups": [{"environment": "c"}]}, ("b", "a")),
            ({"groups": [{"environment": "b"}, {}, {"environment": "a"}] * 2}, ("b", "a")),
            ({}, ()),
        ],
    )
    def test_environments(self, fields: dict[str, object], environments: tuple[str, ...]) -> None:
        run = run_with(**fields)
        assert run.environments == environments
        assert msgspec.convert(run.to_dict(), Run) == run

    def test_a_spec(self) -> None:
        [first, *_] = run_of(COMPLETE).specs
        assert first.duration == 14_054
        assert first.url == "https://app.currents.dev/instance/7c8e40712b596ba9"
        assert (RunSpec().duration, RunSpec().url) == (None, None)


class TestLastRun:
    def test_it_is_what_playwright_writes(self) -> None:
        """`JSON.stringify(lastRunInfo, undefined, 2)`, which `--last-failed` parses."""
        last_run = run_of(LAST_FAILED).last_run
        assert last_run is not None
        assert last_run.to_last_run_json() == (
            b'{\n  "status": "failed",\n  "failedTests": [\n'
            b'    "7ea8c90cab1cd30cf3a8-905956d8e495d6dffc0d"\n  ]\n}'
        )
        assert run_of(COMPLETE).last_run is None

    @pytest.mark.parametrize("data", [{"status": "passed"}, {"status": "x", "failedTests": None}])
    def test_there_may_be_no_failed_tests(self, data: dict[str, object]) -> None:
        decoder = EnvelopeDecoder(LastRun)
        decoder.feed(msgspec.json.encode({"status": "OK", "data": data}))
        _, last_run = decoder.flush()
        assert json.loads(last_run.to_last_run_json()) == {**data, "failedTests": []}
        assert last_run.status in {LastRunStatus.PASSED, "x"}


class TestInstance:
    def test_of_schema_2(self) -> None:
        instance = instance_of(SCHEMA_2)
        assert (instance.schema_version, instance.org_id) == (2, "0d951c95602f417c2d017e07")
        assert instance.duration == 14_054
        assert instance.commit is not None
        assert instance.commit.head_sha == "ad9548c5dfc3418c9ea89998e9ad40144eae588d"
        assert instance.results is not None
        assert instance.results.stdout is not None
        assert instance.results.stdout.read_url is not None
        assert "Signature=" not in repr(instance.results.stdout)
        attachment = instance.results.attachments[0]
        assert attachment.id == "80de45e80c6ab87f93487c5001e8196a"
        assert attachment.created_at == datetime(2026, 11, 24, 9, 20, 5, 491_000, UTC)

    def test_of_its_tests(self) -> None:
        first, flaky, failed, _ = instance_of(SCHEMA_2).tests
        assert failed.start_time == datetime(2026, 11, 24, 9, 20, 9, 989_000, UTC)
        assert failed.end_time == datetime(2026, 11, 24, 9, 20, 15, 882_000, UTC)
        assert failed.duration == 5_893
        assert failed.record_id
        assert failed.attempts[0].attempt_id == f"{failed.record_id}-0"
        assert failed.error is not None
        assert failed.error.value is None
        assert flaky.owners == ("Robin Example", "@checkout-team")
        assert (flaky.owner, failed.owner) == ("Robin Example", "Robin Example")
        assert first.metrics == (
            Metric(name="page_load", value=812.5, unit=MetricUnit.MILLISECONDS),
        )

    def test_claims_may_stand_in_records_alone(self) -> None:
        claim = {"machineId": "m", "t": 1774628575129}
        data = {"instanceId": "i", "schemaVersion": 2, "claimRecords": {"m_1774628575129": claim}}
        [read] = msgspec.convert(data, Instance).claim_list
        assert (read.machine_id, read.t) == ("m", 1774628575129)

    def test_what_is_thrown_may_be_anything(self) -> None:
        error = {"message": "no", "value": {"code": [1]}}
        read = msgspec.convert({"attempts": [{"error": error}]}, InstanceTest).error
        assert read is not None
        assert read.value == {"code": [1]}

    @pytest.mark.parametrize(
        ("attempts", "duration"),
        [
            ([], None),
            ([Attempt(wall_clock_duration=5)], None),
            ([Attempt(wall_clock_started_at=datetime(2026, 1, 1, tzinfo=UTC))], 0),
            (
                [
                    Attempt(wall_clock_started_at=datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC))
                    for second in (1, 3)
                ],
                2_000,
            ),
        ],
    )
    def test_duration_by_the_attempts(self, attempts: list[Attempt], duration: int | None) -> None:
        assert InstanceTest(attempts=tuple(attempts)).duration == duration
        assert InstanceTest(attempts=tuple(attempts), duration_ms=7).duration == 7

    @pytest.mark.parametrize("shape", [{}, {"schemaVersion": 2}])
    def test_the_title_may_be_one_text(self, shape: dict[str, object]) -> None:
        data = {"instanceId": "i", "results": {"tests": [{"testId": "t", "title": "one"}]}}
        decoder = EnvelopeDecoder(Instance)
        decoder.feed(msgspec.json.encode({"status": "OK", "data": data | shape}))
        [test] = decoder.flush()[1].tests
        assert (test.title, test.full_title) == (("one",), "one")


class TestPages:
    """Source: `docs/api/base.md`, "Dashboard"."""

    def test_of_each_thing(self) -> None:
        instance = msgspec.convert(
            {"instanceId": "i/1", "results": {"tests": [{"testId": "r 3"}]}}, Instance
        )
        assert run_with(runId="r?\ud800").url == "https://app.currents.dev/run/r%3F%3F"
        assert instance.url == "https://app.currents.dev/instance/i%2F1"
        assert instance.tests[0].url == f"{instance.url}/test/r%203"
        assert TestResult(instance_id="i/1", test_id="r 3").url == instance.tests[0].url

    @pytest.mark.parametrize("item", [InstanceTest(test_id="t"), TestResult(), RunSpec()])
    def test_of_what_has_none(self, item: InstanceTest | TestResult | RunSpec) -> None:
        assert item.url is None
        assert dashboard_url(item, "https://currents.example.com") is None

    @pytest.mark.parametrize("host", ["https://ci.example.com", "https://ci.example.com/"])
    def test_on_another_host(self, host: str) -> None:
        assert dashboard_url(run_with(), host) == "https://ci.example.com/run/r"
        assert dashboard_url(run_with(), "http://ci:80/app") == "http://ci:80/app/run/r"

    @pytest.mark.parametrize("host", ["", "ci.example.com", "ftp://x", "https://", "https://x?a"])
    def test_a_host_is_an_address(self, host: str) -> None:
        with pytest.raises(InvalidArgumentError, match="host must"):
            dashboard_url(run_with(), host)


class TestAnnotations:
    def test_owners(self) -> None:
        named = [("owner", "b"), ("slow", "x"), ("owner", None), ("owner", "a"), ("owner", "b")]
        annotations = tuple(Annotation(type=kind, description=text) for kind, text in named)
        test = InstanceTest(annotations=annotations)
        assert (test.owner, test.owners) == ("b", ("b", "a"))
        assert (TestResult().owner, TestResult().owners) == (None, ())

    @pytest.mark.parametrize(
        ("text", "metrics"),
        [
            (
                '{"name": "heap", "value": 1.5, "unit": "mb"}',
                [Metric(name="heap", value=1.5, unit=MetricUnit.MEGABYTES)],
            ),
            (
                '{"name": "n", "value": 3, "type": "integer"}',
                [Metric(name="n", value=3, type=MetricType.INTEGER)],
            ),
            (
                '{"name": "n", "value": 3, "unit": "parsec", "more": 1}',
                [Metric(name="n", value=3, unit=MetricUnit("parsec"))],
            ),
            ('{"name": "n", "value": "3"}', []),
            ('{"name": "n", "value": true}', []),
            ('{"name": "n", "value": 1e999}', []),
            ('{"name": "n"}', []),
            ('{"value": 3}', []),
            ("[" * 100_000, []),
            ("\ud83d", []),
            ("3 MB", []),
            ("", []),
            (None, []),
        ],
    )
    def test_metrics(self, text: str | None, metrics: list[Metric]) -> None:
        annotation = Annotation(type="currents:metric", description=text)
        other = Annotation(type="note", description='{"name": "n", "value": 3}')
        assert [*TestResult(annotations=(annotation, other)).metrics] == metrics


@pytest.mark.parametrize(
    ("told", "size"),
    [
        ({"height": 0, "width": 0, "dimensions": {"width": 1280, "height": 720}}, (1280, 720)),
        ({"dimensions": {"width": 1280, "height": 720}}, (1280, 720)),
        ({"height": 7, "width": 9, "dimensions": {"width": 1280, "height": 720}}, (9, 7)),
        ({"height": 7, "width": 9}, (9, 7)),
        ({"dimensions": None}, (None, None)),
    ],
)
def test_the_size_of_a_screenshot(told: dict[str, object], size: tuple[int, int]) -> None:
    screenshot = msgspec.convert(told, Screenshot)
    assert (screenshot.width, screenshot.height) == size


@pytest.mark.parametrize("resolution", ["1d", ["1d"]])
def test_the_resolution_may_be_a_list(resolution: object) -> None:
    decoder = EnvelopeDecoder(ProjectInsights)
    decoder.feed(msgspec.json.encode({"status": "OK", "data": {"resolution": resolution}}))
    assert decoder.flush()[1].resolution == "1d"


def test_cards_of_pull_requests() -> None:
    decoder = decoder_for(LIST_PROJECT_PULL_REQUESTS)()
    decoder.feed((SAMPLES / "project-pull-requests-2026.json").read_bytes())
    _, page = decoder.flush()
    first, second = page.items
    assert first.pr.title == "Vouchers at the checkout"
    assert (len(first.recent_runs), len(first.timeline_preview)) == (2, 1)
    assert first.recent_runs[0].title == first.pr.title
    assert second.cursor
    assert second.timeline_preview == ()


def test_a_card_is_read_whatever_its_runs_are() -> None:
    data = [{"cursor": "c", "recentRuns": [{"id": "r"}, None], "timelinePreview": None}]
    decoder = decoder_for(LIST_PROJECT_PULL_REQUESTS)()
    decoder.feed(msgspec.json.encode({"status": "OK", "data": data}))
    [card] = decoder.flush()[1].items
    assert [run.run_id for run in card.recent_runs] == [""]


def test_the_context_of_errors() -> None:
    decoder = EnvelopeDecoder(FailureContext)
    decoder.feed((SAMPLES / "context-run-summary.json").read_bytes())
    failed, other = decoder.flush()[1].tests
    assert failed.test_id == "7ea8c90cab1cd30cf3a8-905956d8e495d6dffc0d"
    assert failed.error_context is not None
    assert other.error_context is None


def test_azure() -> None:
    commit = Commit(ado_event_data=PullRequestEvent(pull_request_number="482", pr_title="Faster"))
    assert commit.event is commit.ado_event_data
