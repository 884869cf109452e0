from currents_async.analysis import artifacts_of
from currents_async.models import Attachment, Instance, Screenshot, Trace, Video
from currents_async.testing import World
from tests.analysis.made import a_test, an_instance, played, sample

FIRST = Screenshot(screenshot_id="1", test_id="t", test_attempt_index=0)
SECOND = Screenshot(screenshot_id="2", test_id="t", test_attempt_index=1)
OTHER = Screenshot(screenshot_id="3", test_id="u", test_attempt_index=0)
VIDEO = Video(video_url="v", test_id="t", test_attempt_index=1)
TRACE = Trace(trace_id="tr", test_id="t", test_attempt_index=0)
NOTE = Attachment(name="n", test_id="t", test_attempt_index=1)

INSTANCE = an_instance(
    "a.ts",
    a_test("one"),
    screenshots=(FIRST, OTHER, SECOND),
    videos=(VIDEO,),
    playwright_traces=(TRACE,),
    attachments=(NOTE,),
    video_url="of the whole file",
)


def test_all_of_a_test() -> None:
    assert artifacts_of(INSTANCE, "t") == [FIRST, SECOND, VIDEO, TRACE, NOTE]
    assert artifacts_of(INSTANCE, "u") == [OTHER]
    assert artifacts_of(INSTANCE, "v") == []


def test_those_of_an_attempt() -> None:
    assert artifacts_of(INSTANCE, "t", attempt=0) == [FIRST, TRACE]
    assert artifacts_of(INSTANCE, "t", attempt=1) == [SECOND, VIDEO, NOTE]
    assert artifacts_of(INSTANCE, "t", attempt=2) == []


def test_a_file_without_results_has_none() -> None:
    assert artifacts_of(Instance(instance_id="i"), "t") == []


def test_of_a_published_sample() -> None:
    instance = sample("instance-cypress", Instance)
    [screenshot] = artifacts_of(instance, "r3", attempt=0)
    assert isinstance(screenshot, Screenshot)
    assert screenshot.screenshot_id == "wz9n2"
    assert artifacts_of(instance, "r4") == []


def test_playwright_keeps_four_of_each_failed_attempt() -> None:
    run = World(1).project().run(specs=1, tests=6, failures=2, flaky=1)
    [instance] = played(run)[1]
    for test in instance.tests:
        failed = [attempt.error is not None for attempt in test.attempts]
        for number, has_failed in enumerate(failed):
            kinds = {type(one) for one in artifacts_of(instance, test.test_id, attempt=number)}
            assert kinds == ({Screenshot, Video, Trace, Attachment} if has_failed else set())
        assert len(artifacts_of(instance, test.test_id)) == 4 * sum(failed)
