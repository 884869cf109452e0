import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from currents_async import InvalidArgumentError
from currents_async.testing import World
from currents_async.testing._world.schema_2 import read_tests

SAMPLES = Path(__file__).parent.parent / "samples"
FRAMEWORKS = ["playwright", "cypress"]
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
URL = re.compile(
    r"https://fs\.currents\.dev/[0-9a-f]{24}/(stdout_\w{16}|[0-9a-zA-Z-]+\.(png|mp4|webm|zip|md))\?"
    r"(Expires=\d{10}&Key-Pair-Id=[A-Z0-9]{14}&Signature=[A-Za-z0-9~_-]{344}"
    r"|X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"
    r"&X-Amz-Credential=fake%2F\d{8}%2Fauto%2Fs3%2Faws4_request"
    r"&X-Amz-Date=\d{8}T\d{6}Z&X-Amz-Expires=259200&X-Amz-SignedHeaders=host"
    r"&X-Amz-Signature=[0-9a-f]{64})"
)


def sample(name: str) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.json.decode((SAMPLES / name).read_bytes())["data"]
    return data


def shapes(value: Any, path: str = "$") -> Iterator[tuple[str, str]]:
    """Yield the path and the JSON type of everything in a document that is not null."""
    if isinstance(value, dict):
        for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield from shapes(item, f"{path}.{key}")
    elif isinstance(value, list):
        yield path, "list"
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from shapes(item, f"{path}[]")
    elif value is None:
        yield path, "null"
    else:
        yield path, type(value).__name__


def paths(value: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path, kind in shapes(value):
        found.setdefault(path, set()).add(kind)
    return found


def made(framework: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    run = World().project().run(framework=framework, specs=200, tags=["nightly"])
    return run.payload, [run.instance(index) for index in range(200)]


@pytest.mark.parametrize("framework", FRAMEWORKS)
class TestSamples:
    def test_run_has_all_fields_of_the_sample(self, framework: str) -> None:
        ours, theirs = paths(made(framework)[0]), paths(sample(f"run-{framework}.json"))
        assert theirs.keys() <= ours.keys()

    def test_instances_have_all_fields_of_the_sample(self, framework: str) -> None:
        # `displayError` of the Playwright sample is null, and so are some of ours.
        ours, theirs = paths(made(framework)[1]), paths([sample(f"instance-{framework}.json")])
        assert theirs.keys() <= ours.keys()

    @pytest.mark.parametrize("kind", ["run", "instance"])
    def test_fields_have_the_types_of_the_sample(self, framework: str, kind: str) -> None:
        payload, instances = made(framework)
        ours = paths([payload] if kind == "run" else instances)
        for path, kinds in paths([sample(f"{kind}-{framework}.json")]).items():
            if kinds != {"null"}:
                assert kinds <= ours[path], path

    def test_specs_and_tests_start_with_the_same_field(self, framework: str) -> None:
        # Cutting the stream into elements relies on that.
        payload, instances = made(framework)
        first = next(iter(sample(f"run-{framework}.json")["specs"][0]))
        assert {next(iter(entry)) for entry in payload["specs"]} == {first}
        first = next(iter(sample(f"instance-{framework}.json")["results"]["tests"][0]))
        tests = [test for instance in instances for test in instance["results"]["tests"]]
        assert {next(iter(test)) for test in tests} == {first}

    def test_formats(self, framework: str) -> None:
        for path, value in leaves(list(made(framework))):
            name = path.rpartition(".")[2].lower()
            if value is not None and (name.endswith("at") or name == "_t"):
                assert DATE.fullmatch(str(value)), path
            if value is not None and name.endswith("url"):
                assert URL.fullmatch(str(value)), path


def leaves(value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from leaves(item, f"{path}[]")
    else:
        yield path, value


class TestDifferences:
    def test_screenshots(self) -> None:
        for framework in FRAMEWORKS:
            run, instances = made(framework)
            shots = [shot for one in instances for shot in one["results"]["screenshots"]]
            assert shots
            assert all(("height" in shot) == (framework == "cypress") for shot in shots)
            listed = [shot for one in run["specs"] for shot in one["results"]["screenshots"]]
            assert listed == (shots if framework == "cypress" else [])

    def test_artifacts_belong_to_failed_attempts(self) -> None:
        for framework in FRAMEWORKS:
            for instance in made(framework)[1]:
                results = instance["results"]
                failed = {
                    (test["testId"], number)
                    for test in results["tests"]
                    for number, attempt in enumerate(test["attempts"])
                    if attempt["state"] == "failed"
                }
                names = ["screenshots"]
                if framework == "playwright":
                    names += ["videos", "playwrightTraces", "attachments"]
                for name in names:
                    keys = {(one["testId"], one["testAttemptIndex"]) for one in results[name]}
                    assert keys == failed

    def test_versions(self) -> None:
        (run, instances), (cypress_run, cypress_instances) = map(made, FRAMEWORKS)
        assert "cypressVersion" in cypress_run
        assert "cypressVersion" in cypress_instances[0]
        assert "cypressVersion" not in run
        assert instances[0]["framework"]["type"] == "pw"
        assert not any(
            "attemptId" in attempt
            for one in cypress_instances
            for test in one["results"]["tests"]
            for attempt in test["attempts"]
        )

    def test_cypress_tests_that_never_ran_have_no_times(self) -> None:
        tests = [test for one in made("cypress")[1] for test in one["results"]["tests"]]
        pending = [test for test in tests if test["state"] == "pending"]
        assert pending
        for test in pending:
            assert test["attempts"] == [
                {
                    "state": "pending",
                    "error": None,
                    "wallClockStartedAt": None,
                    "wallClockDuration": None,
                    "videoTimestamp": None,
                }
            ]

    def test_display_error_is_sometimes_null(self) -> None:
        tests = [test for one in made("playwright")[1] for test in one["results"]["tests"]]
        shown = {test["displayError"] is None for test in tests if test["state"] == "failed"}
        assert shown == {True, False}


def made_in(schema_version: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    options: dict[str, Any] = {"specs": 40, "failures": 0.2, "annotations": [("owner", "Ada")]}
    run = World().project().run(schema_version=schema_version, **options)
    return run.payload, [run.instance(index) for index in range(40)]


class TestSchema2:
    """As responses of 2026 have it, of which there is no published sample."""

    def test_of_instances(self) -> None:
        for instance in made_in(2)[1]:
            assert instance["schemaVersion"] == 2
            assert "completedAt" not in instance
            assert instance["results"]["stdout"]["readUrl"].startswith("https://")
            assert list(instance["claimRecords"].values()) == instance["claimList"]

    def test_of_tests(self) -> None:
        for instance in made_in(2)[1]:
            for test in instance["results"]["tests"]:
                assert list(test) == [
                    *("_s", "_d", "_f", "groupId", "testId", "spec", "title"),
                    *("startTime", "endTime", "duration", "originalTitle"),
                ]

    def test_of_their_results(self) -> None:
        for instance in made_in(2)[1]:
            ids = [test["testId"] for test in instance["results"]["tests"]]
            for name in ("testResults", "testList", "testTags", "testAnnotations"):
                assert list(instance[name]) == ids
            for test, result in zip(
                instance["results"]["tests"], instance["testResults"].values(), strict=True
            ):
                assert list(result) == [
                    *("_d", "attempts", "displayError", "startTime", "endTime", "duration"),
                    *("isFlaky", "recordId", "state"),
                ]
                assert (result["state"], result["isFlaky"]) == (test["_s"], test["_f"])
                assert (result["startTime"], result["endTime"]) == (
                    test["startTime"],
                    test["endTime"],
                )
                if result["attempts"]:
                    first = result["attempts"][0]
                    assert first["attemptId"] == f"{result['recordId']}-0"
                    assert first["wallClockStartedAt"] == test["startTime"] <= test["endTime"]

    def test_the_facts_are_those_of_schema_1(self) -> None:
        for one, two in zip(made_in(1)[1], made_in(2)[1], strict=True):
            assert read_tests(one) == one["results"]["tests"]
            for test, same in zip(read_tests(one), read_tests(two), strict=True):
                assert test.items() <= {**same, "annotations": test["annotations"]}.items()
                assert same["annotations"] == test["annotations"]

    def test_runs_differ_in_their_framework_and_groups(self) -> None:
        (one, _), (two, _) = made_in(1), made_in(2)
        assert two["meta"].pop("framework") == {
            "type": "pw",
            "version": one["meta"].pop("framework")["version"],
            "clientVersion": "1.4.0",
        }
        for group in two["groups"]:
            assert group.pop("coverageEnabled") is False
            assert 0 < group.pop("durationMs") <= two["durationMs"]
            assert group.pop("specCount") == group["instances"]["overall"]
        assert one == two

    @pytest.mark.parametrize(("framework", "version"), [("cypress", 2), ("playwright", 3)])
    def test_that_there_is_not(self, framework: Any, version: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="schema_version must be one of"):
            World().project().run(framework=framework, schema_version=version)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_titles_and_paths_are_awkward(framework: Any) -> None:
    run = World().project().run(framework=framework, specs=600)
    text = msgspec.json.encode([run.instance(index) for index in range(600)]).decode()
    for part in (
        "\\u001b[31m",
        '},{\\"spec\\":',
        "🛒",
        "日本語",
        "\\\\temp\\\\",
        "line one\\nline two",
    ):
        assert part in text
    stacks = [
        attempt["error"]["stack"]
        for index in range(600)
        for test in run.instance(index)["results"]["tests"]
        for attempt in test["attempts"]
        if attempt["error"]
    ]
    assert max(map(len, stacks)) > 3000
    specs = [spec.path for spec in run.specs]
    assert any(" " in path for path in specs)
    assert any("ö" in path for path in specs)
    assert any('},{"spec":' in path for path in specs)
    assert run.payload["meta"]["commit"]["message"].endswith("\n")
