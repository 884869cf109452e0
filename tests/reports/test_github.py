import re
from collections.abc import Callable, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from currents_async import InvalidArgumentError
from currents_async.analysis import RunDetails, cluster_failures
from currents_async.models import Annotation, InstanceTest, Run, RunSpec, RunStatus
from currents_async.reports import COMMENT_MARKER, job_summary, pull_request_comment
from tests.analysis.made import FAILED, NOON, a_test, an_instance
from tests.reports.made import hostile_details, odd_details, world_details
from tests.reports.rendered import Rendered

REPORTS = (job_summary, pull_request_comment)
SMALLEST = 2_000


def windows_bytes(text: str) -> int:
    return len(text.replace("\n", "\r\n").encode())


@cache
def many_failures() -> RunDetails:
    """Return a run with more failures than any report has room for, of as many causes."""
    words = ["".join(chr(97 + int(digit)) for digit in f"{number:03}") for number in range(400)]
    tests = [
        a_test(f"🤷 {word}", FAILED, failures=[f"cause {word}: " + "🤷é`|" * 400]) for word in words
    ]
    instances = [an_instance(f"{test.title[-1]}.spec.ts", test) for test in tests]
    specs = tuple(
        RunSpec(spec=one.spec, instance_id=one.instance_id, machine_id="m") for one in instances
    )
    run = Run(run_id="r", created_at=NOON, status=RunStatus.FAILED, specs=specs)
    return RunDetails.of(run, instances)


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("details", [*odd_details(), world_details(), hostile_details()])
def test_every_run_has_a_report(report: Callable[[RunDetails], str], details: RunDetails) -> None:
    text = report(details)
    found = Rendered(text)
    assert re.match(r"[✓✗…–] Run [a-z]", found.headings[0])  # noqa: RUF001
    assert not found.foreign_html
    assert found.is_balanced
    assert all(link.startswith("https://app.currents.dev/") for link in found.links)
    assert not [one for one in found.texts if re.search(r"[@#<]|http|www\.|\x1b", one)]
    assert "Signature" not in text
    assert text.endswith("\n")


def test_what_a_report_says() -> None:
    details = world_details()
    found = Rendered(job_summary(details))
    counts, clusters = details.counts(), cluster_failures(details.failures())
    assert found.headings == [
        f"✗ Run failed: {counts.failed} of {counts.tests} tests failed",
        f"Failures: {len(clusters)} causes",
        f"Flaky: {counts.flaky} tests",
        "Timeline",
    ]
    assert str(counts.passed) in found.texts
    titles = {failure.test.full_title for failure in details.failures()}
    assert titles <= set(found.code)
    assert [fence.info for fence in found.fences] == ["text"] * len(clusters) + ["mermaid"]
    assert details.run.url in found.links
    assert {details.run.branch, "Zoë Ångström"} <= set(found.code)


def test_a_run_without_tests_says_so() -> None:
    assert "No tests are known." in Rendered(job_summary(odd_details()[0])).texts
    unfetched = Rendered(job_summary(odd_details()[3])).texts
    assert "3 spec files without results here." in unfetched


def test_owners_are_counted() -> None:
    def owned(test: InstanceTest, *owners: str) -> InstanceTest:
        marks = tuple(Annotation(type="owner", description=owner) for owner in owners)
        return replace(test, annotations=marks)

    tests = (
        owned(a_test("a", FAILED), "@shop"),
        owned(a_test("b", FAILED), "@shop", "@pay"),
        owned(a_test("c", failures=["oh"]), "@pay"),
    )
    instance = an_instance("a.ts", *tests)
    text = job_summary(RunDetails.of(Run(run_id="r"), [instance]))
    assert "| `@shop` | 2 | 0 |\n| `@pay` | 1 | 1 |\n" in text
    assert "owned by `@shop`, `@pay`" in text


def test_signatures_of_addresses_are_left_out() -> None:
    message = "GET https://a.example/x.png?X-Amz-Signature=abcdef&X-Amz-Expires=1 failed"
    instance = an_instance("a.ts", a_test("a", FAILED, failures=[message]))
    for report in REPORTS:
        assert "abcdef" not in report(RunDetails.of(Run(run_id="r"), [instance]))


def size_limits() -> Sequence[tuple[str, Callable[[RunDetails, int], str], Callable[[str], int]]]:
    return (
        ("bytes", lambda details, limit: job_summary(details, max_bytes=limit), windows_bytes),
        ("chars", lambda details, limit: pull_request_comment(details, max_chars=limit), len),
    )


@pytest.mark.parametrize(("unit", "report", "size"), size_limits())
@settings(max_examples=10)
@given(limit=st.one_of(st.integers(SMALLEST, 12_000), st.sampled_from([65_536, 1_048_576])))
def test_reports_keep_within_their_limits(
    unit: str, report: Callable[[RunDetails, int], str], size: Callable[[str], int], limit: int
) -> None:
    details = many_failures()
    text = report(details, limit)
    found = Rendered(text)
    assert size(text) <= limit, unit
    assert found.is_balanced
    assert not found.foreign_html
    assert not [one for one in found.texts if "|" in one and "`" in one]
    listed = sum("failure)" in one for one in (*found.texts, *_html(found)))
    [rest] = re.findall(r"… and (\d+) more causes\.", "\n".join(found.texts)) or ["0"]
    assert listed + int(rest) == 400 or "Failures: 400 causes" in found.texts[-1]


def _html(found: Rendered) -> list[str]:
    return [token.content for token in found.blocks if token.type == "html_block"]


@pytest.mark.parametrize(("unit", "report", "size"), size_limits())
def test_the_room_is_used(
    unit: str, report: Callable[[RunDetails, int], str], size: Callable[[str], int]
) -> None:
    details = world_details(specs=40)
    whole = report(details, 1_000_000)
    assert report(details, size(whole) + 400) == whole, unit
    less = report(details, size(whole) - 1)
    assert size(whole) // 2 < size(less) < size(whole)


def test_the_marker_is_first() -> None:
    details = world_details()
    assert pull_request_comment(details).startswith(f"{COMMENT_MARKER}\n## ")
    other = "<!-- shop e2e -->"
    assert pull_request_comment(details, marker=other).startswith(f"{other}\n## ")


@pytest.mark.parametrize(
    "marker", ["", "shop", "<!-- a\nb -->", "<!-- a --> b -->", "<!-- é -->", "<!-- -->", "<b>"]
)
def test_a_marker_is_a_comment(marker: str) -> None:
    with pytest.raises(InvalidArgumentError, match="marker must be an HTML comment in one line"):
        pull_request_comment(world_details(), marker=marker)


def test_limits_are_checked() -> None:
    details = world_details()
    with pytest.raises(InvalidArgumentError, match="max_bytes must be an integer of at least 2000"):
        job_summary(details, max_bytes=SMALLEST - 1)
    with pytest.raises(InvalidArgumentError, match="max_chars must be an integer of at least 2000"):
        pull_request_comment(details, max_chars=0)
