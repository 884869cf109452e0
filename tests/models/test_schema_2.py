"""Instances of Playwright in the newer of the two shapes, and runs: made up, in the true shape."""

import copy
import pickle
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import Currents
from currents_async._resources.instances import GET_INSTANCE
from currents_async._wire.collecting import CollectingDecoder
from currents_async._wire.decoders import EnvelopeDecoder
from currents_async.models import Instance, InstanceTest, Outcome, RunFramework, RunSpec
from currents_async.testing import FakeCurrents, World, WorldRun

Wire = dict[str, Any]
DATE = "2026-03-02T10:00:01.000Z"
PASSED, FAILED = Outcome.PASSED, Outcome.FAILED


def attempt(test_id: str, number: int, state: str) -> Wire:
    frame = {"frame": "> 7 | expect", "line": 7, "column": 3, "file": "/w/cart.spec.ts"}
    error = {"name": None, "message": "Error: no\nlogs", "stack": "Error: no\n    at cart"}
    return {
        "_d": True,
        "attemptId": f"record-{test_id}-{number}",
        "state": state,
        "rawStatus": state,
        "workerIndex": number,
        "parallelIndex": 0,
        "error": {**error, "value": None, "codeFrame": frame} if state == "failed" else None,
        "wallClockStartedAt": DATE,
        "wallClockDuration": 900,
        "videoTimestamp": None,
    }


def result(test_id: str, *states: str, **changes: object) -> Wire:
    is_flaky = states[-1:] == ("passed",) and "failed" in states
    return {
        "_d": True,
        "attempts": [attempt(test_id, number, state) for number, state in enumerate(states)],
        "displayError": "Error: no" if "failed" in states else None,
        "duration": 900 * len(states),
        "endTime": DATE,
        "isFlaky": is_flaky,
        "recordId": f"record-{test_id}",
        "startTime": DATE,
        "state": states[-1] if states else None,
        **changes,
    }


def listed(test_id: str, state: str | None, *, flaky: bool | None = False) -> Wire:
    return {
        "_s": state,
        "_d": True,
        "_f": flaky,
        "groupId": "web",
        "testId": test_id,
        "spec": "cart.spec.ts",
        "title": ["Cart", test_id],
        "startTime": DATE,
        "endTime": DATE,
        "duration": 900,
        "originalTitle": ["Cart @fast", test_id],
    }


TESTS = [listed("one", "passed"), listed("two", "failed"), listed("three", "passed", flaky=True)]
RESULTS = {
    "one": result("one", "passed"),
    "two": result("two", "failed", "failed"),
    "three": result("three", "failed", "passed"),
}


def payload(tests: object = TESTS, results: object = RESULTS, **changes: object) -> Wire:
    ids = ["one", "two", "three"]
    return {
        "_id": "0",
        "instanceId": "i",
        "orgId": "o",
        "__v": 0,
        "commit": {"branch": "main", "sha": "5ha", "ghaEventData": {"prTitle": "Add a cart"}},
        "createdAt": DATE,
        "framework": {"clientVersion": "1.9.4", "type": "pw", "version": "1.50.1"},
        "groupId": "web",
        "machineId": "m",
        "platform": {"osName": "linux", "browserName": "web", "browserVersion": ""},
        "projectId": "p",
        "results": {
            "stats": {"overall": 3, "tests": 3, "passes": 2, "failures": 1, "flaky": 1},
            "tests": tests,
            "attachments": [],
            "playwrightTraces": [],
            "screenshots": [],
            "videos": [],
            "stdout": {"readUrl": "https://assets.example/o.txt?X-Amz-Signature=5ec2e7"},
        },
        "runId": "r",
        "schemaVersion": 2,
        "signature": "5i9",
        "spec": "cart.spec.ts",
        "tags": ["nightly"],
        "testList": {
            one: {"testId": one, "title": ["Cart", one], "originalTitle": ["Cart @fast", one]}
            for one in [*ids, "four"]
        },
        "testTags": {one: ["fast", one] for one in ids},
        "_t": DATE,
        "claimRecords": {"m_1774628575129": {"machineId": "m", "t": 1774628575129}},
        "testAnnotations": {one: [{"type": "owner", "description": "Ada"}] for one in ids},
        "testResults": results,
        "claimList": [{"machineId": "m", "t": 1774628575129}],
        "claimedAt": DATE,
        "id": None,
        **changes,
    }


def decode(data: Wire) -> Instance:
    return msgspec.json.decode(msgspec.json.encode(data), type=Instance)


def states(instance: Instance) -> dict[str, str | None]:
    return {test.test_id: test.state for test in instance.tests}


def test_tests_are_joined_with_their_results() -> None:
    instance = decode(payload())

    one, two, three = instance.tests
    assert [test.state for test in instance.tests] == [PASSED, FAILED, PASSED]
    assert [test.failed for test in instance.tests] == [False, True, False]
    assert [test.is_flaky for test in instance.tests] == [False, False, True]
    assert [len(test.attempts) for test in instance.tests] == [1, 2, 2]
    assert [test.tags for test in instance.tests] == [("fast", i) for i in ("one", "two", "three")]
    assert two.full_title == "Cart > two"
    assert two.original_title == ("Cart @fast", "two")
    assert two.display_error == "Error: no"
    assert two.error is not None
    assert two.error.first_line == "Error: no"
    assert two.error.code_frame is not None
    assert two.error.code_frame.line == 7
    assert two.attempts[1].attempt_id == "record-two-1"
    assert two.attempts[1].wall_clock_duration == 900
    assert three.attempts[0].state is FAILED
    assert one.error is None
    assert instance.failed


def test_empty_texts_are_not_lost() -> None:
    tests = [{"testId": "one", "state": "", "displayError": "", "recordId": ""}]
    [test] = decode({"instanceId": "i", "schemaVersion": 1, "results": {"tests": tests}}).tests
    assert (test.state, test.display_error, test.record_id) == ("", "", "")


def test_nothing_of_the_schema_is_left() -> None:
    instance = decode(payload())
    same = msgspec.json.decode(instance.to_json(), type=Instance)
    assert same == instance
    plain = instance.to_dict()
    assert plain.keys() == Instance(instance_id="i").to_dict().keys()
    assert plain["results"]["tests"][0].keys() == InstanceTest().to_dict().keys()
    assert "UNSET" not in repr(instance)


@pytest.mark.parametrize("seed", range(3))
def test_either_schema_gives_the_same_tests(seed: int) -> None:
    for index in range(20):
        one, two = (decode(run.instance(index)) for run in both(seed))
        assert one.tests == tuple(map(older, two.tests))
        assert one.tests
        assert one.results is not None
        assert two.results is not None
        plain = tuple(
            msgspec.structs.replace(attachment, id=None, created_at=None)
            for attachment in two.results.attachments
        )
        results = msgspec.structs.replace(
            two.results, tests=one.tests, stdout=None, attachments=plain
        )
        same = msgspec.structs.replace(two, org_id=None, schema_version=None, results=results)
        assert msgspec.structs.replace(one, completed_at=None, worker=None) == same


def older(test: InstanceTest) -> InstanceTest:
    """Return a test without what only schema 2 has."""
    return msgspec.structs.replace(
        test, record_id=None, start_time=None, end_time=None, duration_ms=None
    )


def both(seed: int, **options: Any) -> tuple[WorldRun, WorldRun]:
    """The same run in worlds whose instances have one schema and the other."""
    made: dict[str, Any] = {"specs": 20, "failures": 0.2, "flaky": 0.2, **options}
    first = World(seed).project().run(**made)
    return first, World(seed).project().run(schema_version=2, **made)


class TestWhatIsMissing:
    def test_a_test_without_a_result(self) -> None:
        tests = [
            listed("one", "failed"),
            listed("two", "passed", flaky=True),
            listed("three", None),
        ]
        instance = decode(payload(tests, {}))
        assert states(instance) == {"one": "failed", "two": "passed", "three": None}
        assert [test.is_flaky for test in instance.tests] == [False, True, False]
        assert instance.tests[0].tags == ("fast", "one")
        assert instance.failed

    @pytest.mark.parametrize("absent", [{}, {"testResults": None}], ids=["absent", "null"])
    def test_there_may_be_no_results_at_all(self, absent: Wire) -> None:
        data = payload()
        del data["testResults"]
        assert states(decode({**data, **absent})) == {
            "one": "passed",
            "two": "failed",
            "three": "passed",
        }

    @pytest.mark.parametrize("name", ["testList", "testTags", "schemaVersion", "results"])
    @pytest.mark.parametrize("present", [True, False], ids=["null", "absent"])
    def test_everything_else_may_be_missing(self, name: str, present: bool) -> None:  # noqa: FBT001
        data = payload()
        del data[name]
        instance = decode({**data, name: None} if present else data)
        assert states(instance) == {"one": "passed", "two": "failed", "three": "passed"}
        assert instance.failed

    def test_a_listed_test_may_lack_its_state(self) -> None:
        bare = [{"testId": one, "title": [one]} for one in RESULTS]
        instance = decode(payload(bare))
        assert states(instance) == {"one": "passed", "two": "failed", "three": "passed"}
        assert [test.is_flaky for test in instance.tests] == [False, False, True]

    def test_titles_of_listed_tests_may_stand_beside_them_alone(self) -> None:
        [test] = decode(payload([{"testId": "two", "_s": "failed"}], {})).tests
        assert (test.title, test.original_title) == (("Cart", "two"), ("Cart @fast", "two"))

    def test_no_version_and_no_results(self) -> None:
        instance = decode(payload(testResults=None) | {"schemaVersion": None})
        del (data := payload())["schemaVersion"], data["testResults"]
        assert decode(data) == instance
        assert instance.tests[0].tags == ("fast", "one")
        assert "testTags" not in instance.to_dict()

    @pytest.mark.parametrize("name", ["attempts", "displayError", "isFlaky", "state"])
    def test_parts_of_a_result_may_be_missing(self, name: str) -> None:
        part = result("two", "failed")
        del part[name]
        [test] = decode(payload([listed("two", "failed")], {"two": part})).tests
        assert test.failed
        assert not test.is_flaky

    @pytest.mark.parametrize("name", ["attempts", "title", "testId"])
    def test_the_client_takes_null_for_absent(self, name: str) -> None:
        results = {**RESULTS, "two": {**RESULTS["two"], name: None}}
        decoder = EnvelopeDecoder(Instance)
        decoder.feed(envelope(payload(results=results)))
        assert states(decoder.flush()[1]) == {"one": "passed", "two": "failed", "three": "passed"}

    @pytest.mark.parametrize("results", [{}, None, {"one": None}], ids=["empty", "null", "nulls"])
    def test_no_tests_are_made_up(self, results: object) -> None:
        assert decode(payload([], results)).tests == ()
        instance = decode(payload(results=results) | {"results": None})
        assert instance.results is None


class TestIDs:
    def test_a_result_whose_test_is_not_listed_is_not_lost(self) -> None:
        results = {"four": result("four", "failed"), **RESULTS, "5": result("5", "passed")}
        instance = decode(payload(TESTS[:1], results))
        assert states(instance) == {
            "one": "passed",
            "four": "failed",
            "two": "failed",
            "three": "passed",
            "5": "passed",
        }
        four = instance.tests[1]
        assert four.title == ("Cart", "four")
        assert len(four.attempts) == 1
        assert instance.tests[-1].title == ()

    def test_tests_of_the_same_id_keep_their_states(self) -> None:
        twins = [listed("two", "passed"), listed("two", "failed"), listed("two", None)]
        instance = decode(payload(twins, {"two": RESULTS["two"]}))
        assert [test.state for test in instance.tests] == [PASSED, FAILED, FAILED]
        assert [len(test.attempts) for test in instance.tests] == [2, 2, 2]
        assert [test.is_flaky for test in instance.tests] == [False, False, False]

    @pytest.mark.parametrize(
        ("in_list", "in_result", "is_flaky"),
        [
            (False, True, True),
            (True, False, True),
            (None, True, True),
            (False, None, False),
            (False, False, False),
        ],
    )
    def test_either_place_may_say_that_a_test_was_flaky(
        self,
        in_list: bool | None,  # noqa: FBT001
        in_result: bool | None,  # noqa: FBT001
        is_flaky: bool,  # noqa: FBT001
    ) -> None:
        told = {"one": result("one", "failed", "passed", isFlaky=in_result)}
        [test] = decode(payload([listed("one", "passed", flaky=in_list)], told)).tests
        assert test.is_flaky is is_flaky

    def test_a_test_that_failed_is_not_flaky_because_its_twin_is(self) -> None:
        twins = [listed("three", "passed", flaky=True), listed("three", "failed")]
        instance = decode(payload(twins, {"three": RESULTS["three"]}))
        assert [test.is_flaky for test in instance.tests] == [True, False]


class TestAsValues:
    @pytest.mark.parametrize(
        "copied",
        [
            lambda instance: pickle.loads(pickle.dumps(instance)),
            copy.copy,
            copy.deepcopy,
            lambda instance: msgspec.convert(instance.to_dict(), Instance),
        ],
        ids=["pickle", "copy", "deepcopy", "convert"],
    )
    def test_copies_are_equal(self, copied: Callable[[Instance], Instance]) -> None:
        instance = decode(payload())
        assert copied(instance) == instance
        assert hash(copied(instance)) == hash(instance)

    def test_arguments_of_a_user_stay(self) -> None:
        instance = decode(payload())
        assert instance.results is not None
        fixed = InstanceTest(test_id="two", instance_id="i", title=("Cart", "two"), state=PASSED)
        results = msgspec.structs.replace(instance.results, tests=(fixed,))
        assert msgspec.structs.replace(instance, results=results).tests == (fixed,)

    def test_subclasses_of_users_are_joined_too(self) -> None:
        class Mine(Instance, frozen=True, gc=False, kw_only=True):
            org_id: str | None = None

        mine = msgspec.json.decode(msgspec.json.encode(payload()), type=Mine)
        assert mine.org_id == "o"
        assert mine.failed


def envelope(data: Wire) -> bytes:
    return msgspec.json.encode({"status": "OK", "data": data})


def streamed(text: bytes, edges: list[int]) -> Instance:
    decoder: CollectingDecoder[Instance] = CollectingDecoder(Instance, GET_INSTANCE.arrays, least=1)
    for start, end in pairwise([0, *sorted(edges), len(text)]):
        decoder.feed(text[start:end])
    return decoder.flush()[1]


class TestWhileItArrives:
    TEXT = envelope(payload())

    @given(st.lists(st.integers(0, len(TEXT)), max_size=12))
    def test_any_slices_give_the_same(self, edges: list[int]) -> None:
        assert streamed(self.TEXT, edges) == decode(payload())

    @pytest.mark.parametrize("seed", range(3))
    def test_large_instances(self, seed: int) -> None:
        made = World(seed).project().run(specs=1, tests=300, failures=0.2, schema_version=2)
        text = envelope(made.instance(0))
        assert streamed(text, [*range(0, len(text), 4096)]) == decode(made.instance(0))

    def test_tests_that_are_not_listed_come_once(self) -> None:
        data = payload(TESTS[:2])
        text = envelope(data)
        instance = streamed(text, [*range(0, len(text), 100)])
        assert states(instance) == {"one": "passed", "two": "failed", "three": "passed"}
        assert instance == decode(data)

    def test_a_null_after_the_tests_loses_none_of_them(self) -> None:
        text = envelope(payload(tags=None))
        instance = streamed(text, [*range(0, len(text), 100)])
        assert instance.tests == decode(payload()).tests

    def test_results_may_come_first(self) -> None:
        data = payload()
        text = envelope({"testResults": data.pop("testResults"), **data})
        assert streamed(text, [*range(0, len(text), 100)]) == decode(payload())


async def test_a_fan_out_gives_the_same_tests() -> None:
    found: list[list[tuple[InstanceTest, ...]]] = []
    for run in both(1):
        world = World()
        world.add_run_payload(run.payload)
        for index in range(len(run.specs)):
            world.add_instance_payload(run.instance(index))
        async with (
            FakeCurrents(world) as server,
            Currents(server.api_key, base_url=server.url) as currents,
        ):
            instances = await currents.runs.get_instances(run.run_id)
        found.append([tuple(map(older, instance.tests)) for instance in instances])
    assert found[0] == found[1]
    assert sum(test.failed for tests in found[0] for test in tests)


class TestFramework:
    def test_of_newer_runs(self) -> None:
        told = {"type": "pw", "version": "1.50.1", "clientVersion": "1.9.4"}
        framework = msgspec.convert(told, RunFramework)
        assert framework.name == "pw"
        assert (framework.version, framework.client_version) == ("1.50.1", "1.9.4")
        assert framework.to_dict() == {"name": "pw", **told}
        assert msgspec.json.decode(framework.to_json(), type=RunFramework) == framework

    def test_the_name_comes_first(self) -> None:
        framework = msgspec.convert({"name": "playwright", "type": "pw"}, RunFramework)
        assert (framework.name, framework.type) == ("playwright", "pw")
        assert RunFramework().name is None


class TestSpecsOfRunsInProgress:
    """They have an ID and counters from the beginning: only `completedAt` says that one is done."""

    @pytest.mark.parametrize("claimed", [None, DATE], ids=["waiting", "claimed"])
    def test_are_not_complete(self, claimed: str | None) -> None:
        spec = msgspec.convert(
            {
                "instanceId": "i",
                "spec": "cart.spec.ts",
                "claimedAt": claimed,
                "completedAt": None,
                "machineId": "m" if claimed else "",
                "results": {"stats": {"tests": 3, "overall": 3, "passes": 1}, "flaky": 0},
            },
            RunSpec,
        )
        assert not spec.is_complete
        assert not spec.failed
