from datetime import date

import msgspec

from currents_async import Currents
from currents_async.analysis import ExecutedTest, executed_results, executed_tests, failures_of
from currents_async.models import Annotation, AttemptError, Instance, ResultAttempt, TestResult
from currents_async.testing import FakeCurrents
from tests.analysis.made import FAILED, PASSED, a_test, an_instance


def test_of_instances() -> None:
    instances = [
        an_instance("a.ts", a_test("one"), a_test("two", failures=["oh!\nno"])),
        Instance(instance_id="not executed"),
        an_instance("b.ts", a_test("three", FAILED)),
    ]
    found = executed_tests(instances)
    assert [(one.spec, one.full_title, one.state, one.is_flaky, one.error) for one in found] == [
        ("a.ts", "Cart > one", PASSED, False, ""),
        ("a.ts", "Cart > two", PASSED, True, "oh!"),
        ("b.ts", "Cart > three", FAILED, False, "oh!"),
    ]
    assert [one.attempts for one in found] == [1, 2, 1]
    assert {one.signature for one in found} == {None}
    assert found[0].test_id == "id of one"


def test_of_test_results() -> None:
    result = TestResult(
        signature="s",
        group_id="chromium",
        run_id="r",
        instance_id="i",
        spec="a.ts",
        title=("Cart", "pays"),
        test_id="t",
        status=FAILED,
        duration=1199.6,
        attempts=(ResultAttempt(state=FAILED, error=AttemptError(stack="oh!\nno")),),
    )
    [found] = executed_results([result])
    assert (found.signature, found.spec, found.full_title) == ("s", "a.ts", "Cart > pays")
    assert (found.group_id, found.run_id, found.instance_id) == ("chromium", "r", "i")
    assert (found.test_id, found.failed, found.attempts) == ("t", True, 1)
    assert (found.error, found.duration_ms) == ("oh!", 1200)


def test_owners_and_pages() -> None:
    owned = msgspec.structs.replace(
        a_test("one", FAILED), annotations=(Annotation(type="owner", description="Web"),)
    )
    file, test = (one.test for one in failures_of([an_instance("a.ts", owned, exception="oh!")]))
    assert (file.owners, test.owners) == ((), ("Web",))
    page = "https://app.currents.dev/instance/r%20chromium%20a.ts"
    assert (file.url, test.url) == (page, f"{page}/test/id%20of%20one")
    assert msgspec.structs.replace(file, instance_id=None).url is None


async def test_both_tell_the_same(server: FakeCurrents, currents: Currents) -> None:
    project = server.world.project()
    run = project.run(specs=4, failures=3, flaky=2, annotations=[("owner", "Web")])
    found = executed_tests(await currents.runs.get_instances(run.run_id))
    signatures = [one.signature for one in server.world.executions(project.project_id)]
    results = [
        result
        for signature in dict.fromkeys(signatures)
        async for result in currents.test_results.list(
            signature, date_start=date(2026, 1, 1), date_end=date(2026, 2, 1)
        )
    ]
    again = executed_results(results)
    assert len(found) == len(signatures)
    assert set(map(comparable, again)) == set(map(comparable, found))


def comparable(test: ExecutedTest) -> ExecutedTest:
    """Leave out signatures, and durations with time between attempts: instances alone have that."""
    duration = test.duration_ms if test.attempts == 1 else None
    return msgspec.structs.replace(test, signature=None, duration_ms=duration)
