import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
from jsonschema import Draft7Validator
from msgspec.structs import replace

from currents_async.analysis import Execution, RunDetails
from currents_async.analysis.artifacts import list_artifacts, url_of
from currents_async.models import (
    Annotation,
    Attachment,
    Attempt,
    AttemptError,
    CodeFrame,
    Commit,
    InstanceTest,
    Outcome,
    Platform,
    Run,
    RunMeta,
    RunSpec,
    Screenshot,
    Video,
)
from currents_async.reports import ctrf
from currents_async.testing import World
from tests.analysis.made import FAILED, NOON, PENDING, SKIPPED, a_run, a_test, an_instance
from tests.reports.made import all_details, details_of, hostile_details
from tests.reports.wire import facts_of

SCHEMA = Draft7Validator(
    json.loads((Path(__file__).parent / "schemas/ctrf.schema.json").read_text(encoding="utf-8"))
)
NOON_MS = 1_767_614_400_000


def read(details: RunDetails, **options: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ctrf(details, **options))
    SCHEMA.validate(document)
    return document


def one_test(test: InstanceTest, **options: Any) -> dict[str, Any]:
    report = {name: options.pop(name) for name in ("attachments", "screenshots") if name in options}
    instance = an_instance("a.spec.ts", test, **report)
    document = read(RunDetails.of(a_run(instance), [instance]), **options)
    found: dict[str, Any] = document["results"]["tests"][0]
    return found


@cache
def all_results() -> list[dict[str, Any]]:
    return [read(details)["results"] for details in all_details()]


def test_the_schema_allows_it() -> None:
    for results in all_results():
        summary = results["summary"]
        statuses = [test["status"] for test in results["tests"]]
        assert summary["tests"] == len(statuses)
        for status in ("passed", "failed", "skipped", "pending", "other"):
            assert summary[status] == statuses.count(status)
        assert summary["start"] <= summary["stop"]


def test_it_conforms_to_what_the_schema_cannot_say() -> None:
    # https://github.com/ctrf-io/ctrf/blob/main/spec/ctrf.md: 4.9, 9.20 and 11.
    for results in all_results():
        for test in results["tests"]:
            attempts = test.get("retryAttempts", [])
            assert test["retries"] == len(attempts)
            assert [one["attempt"] for one in attempts] == [*range(1, len(attempts) + 1)]
            assert test["duration"] >= 0
            if test["flaky"]:
                assert test["status"] == "passed"


@pytest.mark.parametrize(
    ("framework", "schema_version"), [("playwright", 1), ("playwright", 2), ("cypress", 1)]
)
def test_its_counts_are_those_of_the_payloads(
    framework: Literal["playwright", "cypress"], schema_version: Literal[1, 2]
) -> None:
    project = World(seed=6).project()
    run = project.run(
        specs=30,
        framework=framework,
        schema_version=schema_version,
        failures=0.15,
        flaky=0.15,
        groups=2,
    )
    facts = facts_of(run)
    results = read(details_of(run))["results"]
    summary = results["summary"]
    assert results["tool"]["name"] == framework
    assert summary["tests"] == facts.tests
    assert summary["failed"] == facts.states["failed"] > 0
    assert summary["flaky"] == facts.flaky > 0
    assert summary["skipped"] == facts.states["pending"] > 0
    assert summary["pending"] == facts.states["skipped"] > 0
    earlier = [one for test in results["tests"] for one in test.get("retryAttempts", [])]
    assert [one["status"] for one in earlier].count("failed") == (
        facts.failed_attempts_of_flaky + facts.failed_attempts_of_failed - facts.states["failed"]
    )


def test_a_run() -> None:
    run = Run(
        run_id="r",
        created_at=NOON,
        duration_ms=2_000,
        environments=("staging",),
        meta=RunMeta(
            ci_build_id="b",
            title="Nightly",
            commit=Commit(sha="abc", branch="main"),
            platform=Platform(os_name="linux", os_version="6"),
        ),
        cypress_version="15.1",
    )
    document = read(RunDetails(run=run, executions=(Execution(spec=RunSpec(spec="a.ts")),)))
    assert document["runId"] == "r"
    assert document["generatedBy"].startswith("currents_async ")
    assert document["results"]["tool"] == {"name": "cypress", "version": "15.1"}
    assert document["results"]["environment"] == {
        "reportName": "Nightly",
        "buildId": "b",
        "buildName": "Nightly",
        "buildUrl": run.url,
        "commit": "abc",
        "branchName": "main",
        "osPlatform": "linux",
        "osVersion": "6",
        "testEnvironment": "staging",
    }
    summary = document["results"]["summary"]
    assert (summary["start"], summary["stop"]) == (NOON_MS, NOON_MS + 2_000)
    (file,) = document["results"]["tests"]
    assert (file["name"], file["status"]) == ("a.ts", "pending")
    assert file["message"] == "no machine has claimed the spec file"


FRAME = CodeFrame(frame="> 7 | expect(a)")
ERROR = AttemptError(message="\x1b[31mfirst\x1b[0m\nline", stack="at a.ts:7", code_frame=FRAME)
FLAKY = InstanceTest(
    test_id="t",
    title=("Cart", "guest", "adds"),
    state=Outcome.PASSED,
    tags=("@smoke",),
    annotations=(
        Annotation(type="owner", description="team a"),
        Annotation(type="issue", description="X-1"),
        Annotation(type="issue", description="X-2"),
    ),
    attempts=(
        Attempt(
            attempt_id="t-0",
            state=FAILED,
            raw_status="timedOut",
            error=ERROR,
            wall_clock_started_at=NOON,
            wall_clock_duration=100,
        ),
        Attempt(
            state=Outcome.PASSED,
            raw_status="passed",
            wall_clock_started_at=NOON,
            wall_clock_duration=50,
        ),
    ),
)


def test_a_flaky_test() -> None:
    found = one_test(FLAKY)
    url = found.pop("extra")["currents_async"]["url"]
    assert url.startswith("https://app.currents.dev/instance/")
    assert found == {
        "testId": "t",
        "name": "adds",
        "status": "passed",
        "duration": 50,
        "start": NOON_MS,
        "stop": NOON_MS + 50,
        "suite": ["chromium", "a.spec.ts", "Cart", "guest"],
        "rawStatus": "passed",
        "tags": ["@smoke"],
        "labels": {"owner": "team a", "issue": ["X-1", "X-2"]},
        "filePath": "a.spec.ts",
        "retries": 1,
        "retryAttempts": [
            {
                "attempt": 1,
                "attemptId": "t-0",
                "status": "failed",
                "start": NOON_MS,
                "duration": 100,
                "message": "first\nline",
                "trace": "at a.ts:7",
                "snippet": "> 7 | expect(a)",
            }
        ],
        "flaky": True,
    }


def test_a_failed_test_has_the_error_of_its_last_attempt() -> None:
    found = one_test(a_test("adds", FAILED, failures=["one", "two"]))
    assert (found["status"], found["message"], found["trace"]) == ("failed", "two", "at a.ts:1")
    assert found["retryAttempts"][0]["message"] == "one"
    assert one_test(InstanceTest(state=FAILED, display_error="oh"))["message"] == "oh"


@pytest.mark.parametrize(
    ("state", "status", "message"),
    [
        (PENDING, "skipped", "skipped on purpose"),
        (SKIPPED, "pending", "interrupted, or never run"),
        (None, "other", "no result yet"),
        (Outcome("paused"), "other", "ended as paused"),
    ],
)
def test_tests_that_did_not_run(state: Outcome | None, status: str, message: str) -> None:
    found = one_test(InstanceTest(title=("a",), state=state))
    assert (found["status"], found["message"]) == (status, message)
    assert found.get("rawStatus") == (None if state is None else str(state))


def test_what_could_not_be_fetched() -> None:
    execution = Execution(spec=RunSpec(spec="a.ts"), error="timeout")
    results = read(RunDetails(run=Run(run_id="r"), executions=(execution,)))["results"]
    (test,) = results["tests"]
    message = "the results could not be fetched: timeout"
    assert (test["status"], test["message"]) == ("other", message)
    assert results["extra"] == {"currents_async": {"incomplete": ["a.ts: timeout"]}}


def test_attachments_stand_with_their_attempts() -> None:
    test = replace(FLAKY, test_id="t")
    found = one_test(
        test,
        screenshots=(Screenshot(test_id="t", test_attempt_index=0, screenshot_url="https://s/1"),),
        attachments=(
            Attachment(
                name="log", test_id="t", content_type="text/plain", read_url="https://s/2?sig=x"
            ),
            Attachment(name="other", test_id="u", read_url="https://s/3"),
        ),
        assets={"https://s/1": "a/1.png", "https://s/2?sig=x": "a/log", "https://s/3": "a/3"},
    )
    (earlier,) = found["retryAttempts"]
    assert earlier["attachments"] == [
        {"name": "screenshot", "contentType": "image/png", "path": "a/1.png"}
    ]
    assert found["attachments"] == [{"name": "log", "contentType": "text/plain", "path": "a/log"}]


def test_a_video_of_the_file_stands_with_what_failed() -> None:
    failed, passed = a_test("a", FAILED), a_test("b")
    instance = an_instance("a.cy.ts", failed, passed, videos=(Video(video_url="https://s/v"),))
    details = RunDetails.of(a_run(instance), [instance])
    tests = read(details, assets={"https://s/v": "v.mp4"})["results"]["tests"]
    assert [len(test.get("attachments", [])) for test in tests] == [1, 0]
    assert tests[0]["attachments"][0]["contentType"] == "video/mp4"


@pytest.mark.parametrize("framework", ["playwright", "cypress"])
def test_no_signed_url_is_in_it(framework: Literal["playwright", "cypress"]) -> None:
    details = details_of(World(seed=5).project().run(specs=8, framework=framework, failures=0.3))
    artifacts = [
        one.artifact for instance in details.instances for one in list_artifacts(instance.results)
    ]
    assets = {url_of(one) or "": f"assets/{number}.png" for number, one in enumerate(artifacts)}
    assert len(assets) > 10
    with_assets = ctrf(details, assets=assets).decode()
    for text in (ctrf(details).decode(), with_assets):
        assert not [url for url in assets if url.partition("?")[0] in text]
    of_tests = [url_of(one) or "" for one in artifacts if one.test_id is not None]
    assert all(f'"{assets[url]}"' in with_assets for url in of_tests)


def test_hostile_texts_are_texts() -> None:
    document = ctrf(hostile_details())
    assert b"\x1b" not in document
    names = [test["name"] for test in json.loads(document)["results"]["tests"]]
    assert "</script><script>alert(1)</script>" in names
    assert "\\u202egnp.exe \\u2066abc" in names
