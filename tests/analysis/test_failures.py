import pickle
from typing import Literal

import msgspec
import pytest
from rich.pretty import pretty_repr

from currents_async.analysis import Failure, FlakyTest, failures_of, flaky_tests_of
from currents_async.models import (
    Attachment,
    AttemptError,
    Instance,
    InstanceTest,
    Screenshot,
    Trace,
    Video,
)
from currents_async.testing import World
from tests.analysis.made import (
    FAILED,
    PASSED,
    PENDING,
    SKIPPED,
    a_test,
    an_instance,
    played,
    sample,
)

Framework = Literal["playwright", "cypress"]

SIGNED = "https://assets.example.org/a.png?Expires=1&Signature=sEcReT"
FRAMEWORKS: list[Framework] = ["playwright", "cypress"]


class TestFailures:
    def test_a_failed_test(self) -> None:
        test = a_test("pays", FAILED, failures=["no money\nat all", "still no money\nat all"])
        shot = Screenshot(test_id=test.test_id, test_attempt_index=1)
        other = Screenshot(test_id="another", test_attempt_index=0)
        [failure] = failures_of([an_instance("a.ts", test, screenshots=(other, shot))])

        assert (failure.test.spec, failure.test.full_title) == ("a.ts", "Cart > pays")
        assert failure.test.group_id == "chromium"
        assert (failure.test.run_id, failure.test.instance_id) == ("r", "r chromium a.ts")
        assert failure.test.error == "still no money"
        assert failure.test.attempts == 2
        assert not failure.test.is_file
        assert failure.error == AttemptError(message="still no money\nat all", stack="at a.ts:1")
        assert failure.attempts == test.attempts
        assert failure.artifacts == (shot,)

    def test_only_failures_in_the_order_of_the_instances(self) -> None:
        states = [FAILED, PASSED, PENDING, SKIPPED, None]
        tests = [InstanceTest(title=(f"{state}",), state=state) for state in states]
        one, two = an_instance("b.ts", *tests), an_instance("a.ts", a_test("last", FAILED))
        titles = [failure.test.full_title for failure in failures_of([one, two])]
        assert titles == ["failed", "Cart > last"]

    @pytest.mark.parametrize("tests", [(), (a_test("is fine"),)], ids=["no tests", "a pass"])
    def test_a_file_that_threw_is_a_failure_by_itself(self, tests: tuple[InstanceTest]) -> None:
        instance = an_instance("a.ts", *tests, exception="it broke\nsomewhere")
        [failure] = failures_of([instance])

        assert failure.test.is_file
        assert failure.test.failed
        assert (failure.test.spec, failure.test.full_title) == ("a.ts", "a.ts")
        assert failure.test.instance_id == instance.instance_id
        assert failure.test.error == "it broke"
        assert failure.error == AttemptError(message="it broke\nsomewhere")
        assert failure.attempts == ()

    def test_a_file_that_threw_comes_before_its_tests(self) -> None:
        instance = an_instance("a.ts", a_test("fails", FAILED), exception="it broke")
        assert [one.test.full_title for one in failures_of([instance])] == ["a.ts", "Cart > fails"]

    def test_the_video_of_the_whole_file_is_of_each_failure(self) -> None:
        test = a_test("fails", FAILED)
        shot = Screenshot(test_id=test.test_id)
        instance = an_instance(
            "a.ts", test, exception="it broke", screenshots=(shot,), video_url=SIGNED
        )
        of_file, of_test = failures_of([instance])
        assert of_file.artifacts == (Video(video_url=SIGNED),)
        assert of_test.artifacts == (shot, Video(video_url=SIGNED))

    def test_an_error_that_is_only_displayed(self) -> None:
        test = InstanceTest(title=("t",), state=FAILED, display_error="Error: oh!\n  at a.ts")
        [failure] = failures_of([an_instance("a.ts", test)])
        assert failure.test.error == "Error: oh!"
        assert failure.error is None

    def test_instances_without_results_have_no_failures(self) -> None:
        assert failures_of([Instance(instance_id="i")]) == []

    @pytest.mark.parametrize("framework", FRAMEWORKS)
    def test_all_of_a_run(self, framework: Framework) -> None:
        run = World(1).project().run(specs=12, failures=9, flaky=5, framework=framework)
        _, instances = played(run)
        found = failures_of(instances)
        assert len(found) == 9
        for failure in found:
            assert failure.test.attempts == len(failure.attempts)
            assert all(attempt.error for attempt in failure.attempts)
            assert failure.test.error
            kept = 4 if framework == "playwright" else 1
            own = [one for one in failure.artifacts if one.test_id is not None]
            assert len(own) == kept * len(failure.attempts)
            assert len(failure.artifacts) - len(own) == (framework == "cypress")
        by_spec = {spec.path: spec.failures for spec in run.specs if spec.failures}
        assert {
            spec: sum(failure.test.spec == spec for failure in found) for spec in by_spec
        } == by_spec

    def test_the_published_samples(self) -> None:
        instances = [sample(f"instance-{name}", Instance) for name in FRAMEWORKS]
        playwright, cypress = failures_of(instances)
        assert (playwright.test.full_title, playwright.test.error) == ("test 01", "oh!")
        assert (cypress.test.full_title, cypress.test.error) == ("Test > passing test", "oh!")
        assert cypress.test.group_id == "1657092333"
        assert [type(one) for one in cypress.artifacts] == [Screenshot, Video]


class TestFlakyTests:
    def test_attempts_and_errors(self) -> None:
        flaky = a_test("pays", failures=["no money\nat all", "no change"])
        shot = Screenshot(test_id=flaky.test_id, test_attempt_index=0)
        instance = an_instance(
            "a.ts",
            a_test("fails", FAILED, failures=["no money"] * 2),
            a_test("passes"),
            flaky,
            screenshots=(shot,),
        )
        [found] = flaky_tests_of([instance])
        assert found.test.full_title == "Cart > pays"
        assert found.test.passed
        assert found.test.error == "no change"
        assert found.test.attempts == 3
        assert found.attempts == flaky.attempts
        assert [error.first_line for error in found.errors] == ["no money", "no change"]
        assert found.artifacts == (shot,)

    def test_the_server_has_the_last_word(self) -> None:
        says = InstanceTest(title=("a",), state=PASSED, flaky=True)
        denies = msgspec.structs.replace(a_test("b", failures=["oh!"]), flaky=False)
        [found] = flaky_tests_of([an_instance("a.ts", says, denies)])
        assert found.test.title == ("a",)

    @pytest.mark.parametrize("framework", FRAMEWORKS)
    def test_all_of_a_run(self, framework: Framework) -> None:
        run = World(1).project().run(specs=12, failures=9, flaky=5, framework=framework)
        found = flaky_tests_of(played(run)[1])
        assert len(found) == 5
        assert all(len(one.errors) == len(one.attempts) - 1 for one in found)
        kinds = {Screenshot, Video, Trace, Attachment}
        expected = kinds if framework == "playwright" else {Screenshot, Video}
        assert all({type(artifact) for artifact in one.artifacts} == expected for one in found)


def test_signatures_of_assets_are_not_shown() -> None:
    tests = [a_test("fails", FAILED), a_test("is flaky", failures=["oh!"])]
    shots = tuple(Screenshot(test_id=test.test_id, screenshot_url=SIGNED) for test in tests)
    instances = [an_instance("a.ts", *tests, screenshots=shots)]
    both: list[Failure | FlakyTest] = [*failures_of(instances), *flaky_tests_of(instances)]
    for found in both:
        assert "a.png?[signature]" in pretty_repr(found)
        assert "sEcReT" not in repr(found) + pretty_repr(found)
        assert pickle.loads(pickle.dumps(found)) == found
        assert found.to_dict()["artifacts"][0]["screenshotURL"] == SIGNED
        assert found.to_dict()["test"]["isFlaky"] is found.test.is_flaky
