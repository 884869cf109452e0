"""Every published sample, through the client, over a real socket."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from currents_async import (
    AlreadyCancelledError,
    APIError,
    Currents,
    ForbiddenError,
    NotFoundError,
    UnauthorizedError,
)
from currents_async.models import CompletionState, Outcome, RunStatus
from currents_async.testing import FakeCurrents
from currents_async.testing._world.ids import stream
from currents_async.testing._world.schema_2 import in_schema_2

SAMPLES = Path(__file__).parents[1] / "samples"


def data_of(name: str) -> dict[str, Any]:
    response: dict[str, dict[str, Any]] = json.loads((SAMPLES / f"{name}.json").read_text())
    return response["data"]


def answer_with(server: FakeCurrents, operation: str, name: str, status: int = 200) -> None:
    headers = {"Content-Type": "application/json"}
    body = (SAMPLES / f"{name}.json").read_bytes()
    server.fail(operation, status=status, headers=headers, body=body)


async def test_run_cypress(server: FakeCurrents, currents: Currents) -> None:
    server.world.add_run_payload(data_of("run-cypress"))
    run = await currents.runs.get("0a91f41ed60abfab9ea509e866ba9d6d")

    assert run.status is RunStatus.FAILED
    assert run.completion_state is CompletionState.COMPLETE
    assert run.failed
    assert run.is_complete
    assert run.created_at == datetime(2022, 7, 6, 8, 23, 40, 939_000, UTC)
    assert run.tags == ("tagA", "tagB")
    assert run.cypress_version == "9.5.4"
    assert run.timeout is not None
    assert (run.timeout.is_timeout, run.timeout.timeout_value_ms) == (True, 3_600_000)
    [group] = run.groups
    assert group.platform is not None
    assert (group.platform.os_name, group.platform.browser_name) == ("linux", "Chrome")
    assert group.instances is not None
    assert (group.instances.overall, group.instances.failures) == (73, 11)
    assert group.tests is not None
    assert (group.tests.total, group.tests.passes, group.tests.retries) == (264, 230, 3)
    assert run.meta is not None
    assert run.meta.commit is not None
    assert run.meta.commit.branch == "feat/branch"
    assert run.meta.commit.default_branch is None
    [spec] = run.specs
    assert spec.instance_id == "b5f95e95-726f-4a3b-9edc-6cc0b0eb85fd"
    assert spec.failed
    assert spec.is_complete
    assert spec.results is not None
    assert spec.results.stats is not None
    assert spec.results.stats.duration_ms == 136
    assert spec.results.video_url is not None
    assert spec.results.video_url.endswith("JJMw__")
    [screenshot] = spec.results.screenshots
    assert (screenshot.width, screenshot.height) == (1280, 720)
    assert screenshot.screenshot_url is not None
    assert "Signature=" in screenshot.screenshot_url


async def test_run_playwright(server: FakeCurrents, currents: Currents) -> None:
    server.world.add_run_payload(data_of("run-playwright"))
    run = await currents.runs.get("477f534243d9051c")

    assert run.project_id == "DgTfZV"
    assert run.timeout is not None
    assert not run.timeout.is_timeout
    [group] = run.groups
    assert group.tags == ("project:chrome",)
    assert run.meta is not None
    assert run.meta.ci_build_id == "1716813012"
    assert run.meta.platform is not None
    assert run.meta.platform.os_version == "Ubuntu - 22.04"
    [spec] = run.specs
    assert spec.spec == "test-a.spec.ts"
    assert spec.completed_at == datetime(2024, 5, 27, 12, 30, 28, 275_000, UTC)
    assert spec.worker is not None
    assert spec.worker.worker_index == 0
    assert spec.results is not None
    assert spec.results.screenshots == ()
    assert spec.results.stats is not None
    assert spec.results.stats.failures == 5


async def test_instance_cypress(server: FakeCurrents, currents: Currents) -> None:
    server.world.add_instance_payload(data_of("instance-cypress"))
    instance = await currents.instances.get("bf89e79f-af2a-43cb-afba-2575e567f103")

    assert instance.cypress_version == "10.3.0"
    assert instance.framework is None
    assert instance.commit is not None
    assert instance.commit.message == "Commit message\n"
    assert instance.failed
    failed, pending = instance.tests
    assert failed.full_title == "Test > passing test"
    assert failed.state is Outcome.FAILED
    assert failed.body is not None
    assert failed.body.startswith("() => {")
    assert failed.error is not None
    assert failed.error.first_line == "oh!"
    assert failed.error.code_frame is not None
    assert (failed.error.code_frame.line, failed.error.code_frame.language) == (3, "js")
    assert failed.error.code_frame.relative_file is not None
    assert failed.attempts[0].video_timestamp == 827
    assert pending.state is Outcome.PENDING
    assert pending.attempts[0].wall_clock_started_at is None
    assert instance.results is not None
    assert instance.results.video_url is not None
    [screenshot] = instance.results.screenshots
    assert (screenshot.test_id, screenshot.test_attempt_index) == ("r3", 0)


async def test_instance_playwright(server: FakeCurrents, currents: Currents) -> None:
    server.world.add_instance_payload(data_of("instance-playwright"))
    instance = await currents.instances.get("2tniK8lM9j1rSoVh")

    assert instance.framework is not None
    assert (instance.framework.type, instance.framework.version) == ("pw", "1.44.0")
    assert instance.framework.client_version == "1.4.0"
    assert instance.worker is not None
    assert instance.worker.parallel_index == 1
    assert instance.claim_list[0].at == datetime(2024, 6, 17, 9, 49, 31, 368_000, UTC)
    assert instance.updated_at == datetime(2024, 6, 17, 9, 49, 57, 380_000, UTC)
    assert instance.signature == "754165b1b268e4b6f8d967ac1548bdd0"
    [test] = instance.tests
    assert not test.is_flaky
    assert test.original_title == ("test 01",)
    [attempt] = test.attempts
    assert attempt.attempt_id == "EgFANdSInxFkVNat-0"
    assert attempt.raw_status == "failed"
    assert attempt.error is not None
    assert attempt.error.code_frame is not None
    assert attempt.error.code_frame.file is not None
    assert instance.results is not None
    [trace] = instance.results.playwright_traces
    assert trace.trace_url is not None
    assert ".zip?Expires=" in trace.trace_url
    [video] = instance.results.videos
    assert video.video_url is not None
    assert ".webm?Expires=" in video.video_url
    [screenshot] = instance.results.screenshots
    assert screenshot.screenshot_id == "d9ed1360c77b7e7bc441fee1c91acc03"
    assert screenshot.height is None


async def test_instance_playwright_in_the_schema_of_2026(
    server: FakeCurrents, currents: Currents
) -> None:
    sample = data_of("instance-playwright")
    server.world.add_instance_payload(sample)
    expected = await currents.instances.get(sample["instanceId"])
    server.world.add_instance_payload(in_schema_2(stream("sample"), "org", sample))
    instance = await currents.instances.get(sample["instanceId"])

    [test], [same] = instance.tests, expected.tests
    assert test.failed
    assert (test.title, test.state, test.tags) == (same.title, same.state, same.tags)
    assert (test.attempts, test.duration, test.url) == (same.attempts, same.duration, same.url)
    assert instance.failed


async def test_cancel_run(server: FakeCurrents, currents: Currents) -> None:
    answer_with(server, "cancelRun", "cancel-run")
    cancellation = await currents.runs.cancel("9ee42e4b85c02c634fe30b26d728624e")

    assert cancellation.run_id == "9ee42e4b85c02c634fe30b26d728624e"
    assert cancellation.by == "api:keyName"
    assert cancellation.at == datetime(2022, 7, 7, 7, 22, 13, 611_000, UTC)
    assert cancellation.reason == "apiRequest"


async def test_delete_run(server: FakeCurrents, currents: Currents) -> None:
    answer_with(server, "deleteRun", "delete-run")
    deleted = await currents.runs.delete("r")

    assert (deleted.run_id, deleted.actor) == (":runId", "API Request")


@pytest.mark.parametrize(
    ("name", "status", "error", "message"),
    [
        ("error-401", 401, UnauthorizedError, "Invalid API key provided"),
        ("error-403", 403, ForbiddenError, "Insufficient permissions to access this instance"),
        ("error-404", 404, NotFoundError, "Instance not found"),
        ("error-422-already-cancelled", 422, AlreadyCancelledError, "Run already cancelled"),
    ],
)
@pytest.mark.parametrize("call", ["cancelRun", "getInstance"])
async def test_errors(
    server: FakeCurrents,
    currents: Currents,
    name: str,
    status: int,
    error: type[APIError],
    message: str,
    call: str,
) -> None:
    calls: dict[str, Callable[[str], Awaitable[object]]] = {
        "cancelRun": currents.runs.cancel,
        "getInstance": currents.instances.get,
    }
    answer_with(server, call, name, status)
    with pytest.raises(error) as caught:
        await calls[call]("x")

    assert caught.value.message == message
    assert caught.value.status == status
    assert caught.value.operation == call
    assert caught.value.attempts == 1


def test_no_sample_is_forgotten() -> None:
    """The newer ones are read in `tests/sweep` alone."""
    source = Path(__file__).read_text()
    names = {path.stem for path in SAMPLES.glob("*.json")}
    published = {name for name in names if f'"{name}"' in source}
    assert len(published) == 10
    assert len(names) == 41
