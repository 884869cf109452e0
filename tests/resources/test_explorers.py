import inspect
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from currents_async import Currents, ErrorsPager, InvalidArgumentError, NotFoundError
from currents_async._resources.signatures import GET_TEST_SIGNATURE
from currents_async.models import AnnotationFilter, MetricSettings
from currents_async.testing import FakeCurrents, WorldProject

DAY = date(2026, 1, 2)
NAIVE = datetime(2026, 1, 2)  # noqa: DTZ001 - naive on purpose
SPAN: dict[str, Any] = {"date_start": DAY, "date_end": DAY}

Call = Callable[[Currents], Any]
EXPLORERS: dict[str, Callable[..., Any]] = {
    "insights": lambda c, **options: c.projects.insights("p", **options),
    "spec_files": lambda c, **options: c.spec_files.list("p", **options),
    "tests": lambda c, **options: c.tests.list("p", **options),
    "test_results": lambda c, **options: c.test_results.list("5f", **options),
    "errors": lambda c, **options: c.errors.list("p", **options),
}
COMMON: dict[str, tuple[dict[str, Any], str]] = {
    "a naive start": ({"date_start": NAIVE}, "date_start must have a time zone"),
    "a naive end": ({"date_end": NAIVE}, "date_end must have a time zone"),
    "a date that is text": ({"date_start": "2026-01-02"}, "date_start must be a datetime"),
    "no date": ({"date_end": 5}, "date_end must be a datetime"),
    "tags as one string": ({"tags": "nightly"}, "tags must be a sequence of str, not a single str"),
    "an empty branch": ({"branches": ["main", ""]}, r"branches\[1\] must not be empty"),
    "groups as bytes": ({"groups": b"chrome"}, "groups must be a sequence of str"),
    "an author that is a number": ({"authors": [7]}, r"authors\[0\] must be a str"),
}


async def refuse(currents: Currents, server: FakeCurrents, call: Call, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        response = call(currents)
        if inspect.isawaitable(response):
            await response
    assert server.requests == []


@pytest.mark.parametrize("explore", EXPLORERS.values(), ids=EXPLORERS)
@pytest.mark.parametrize(("options", "message"), COMMON.values(), ids=COMMON)
async def test_no_explorer_takes_invalid_arguments(
    server: FakeCurrents,
    currents: Currents,
    explore: Callable[..., Any],
    options: dict[str, Any],
    message: str,
) -> None:
    await refuse(currents, server, lambda c: explore(c, **{**SPAN, **options}), message)


@pytest.mark.parametrize("explore", EXPLORERS.values(), ids=EXPLORERS)
@pytest.mark.parametrize("missing", ["date_start", "date_end"])
def test_the_dates_are_required(explore: Callable[..., Any], missing: str) -> None:
    with pytest.raises(TypeError, match=missing):
        explore(Currents("key"), **{name: DAY for name in SPAN if name != missing})


@pytest.mark.parametrize("explore", EXPLORERS.values(), ids=EXPLORERS)
async def test_days_are_sent_as_days(
    server: FakeCurrents, currents: Currents, project: WorldProject, explore: Callable[..., Any]
) -> None:
    """Some services refuse times."""
    server.fail(None, 404, None)
    with pytest.raises(NotFoundError):
        await explore(currents, date_start=DAY, date_end=date(2026, 1, 3))
    [request] = server.requests
    asked = dict(request.query)
    assert (asked["date_start"], asked["date_end"]) == ("2026-01-02", "2026-01-03")


# Each is refused with a message that names the argument.
INVALID: dict[str, dict[str, Call]] = {
    "insights": {
        "resolution": lambda c: c.projects.insights("p", **SPAN, resolution="2d"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    },
    "pull requests": {
        "authors": lambda c: c.projects.pull_requests("p", authors="me"),
        "tag_operator": lambda c: c.projects.pull_requests("p", tag_operator="NOT"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        r"status\[1\]": lambda c: c.projects.pull_requests("p", status=["PASSED", "passed"]),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
        "reverse": lambda c: c.projects.pull_requests("p", reverse=True),
    },
    "terms": {
        "term_type must be one of tag, group": lambda c: c.projects.terms("colour", "p"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        "term_type": lambda c: c.projects.terms("../runs", "p"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        "dir": lambda c: c.projects.terms("tag", "p", dir="up"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        "search": lambda c: c.projects.terms("tag", "p", search=""),
    },
    "spec files": {
        "order": lambda c: c.spec_files.list("p", **SPAN, order="spec"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        "dir": lambda c: c.spec_files.list("p", **SPAN, dir="ASC"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        "spec_name_filter": lambda c: c.spec_files.list("p", **SPAN, spec_name_filter=" "),
        "include_failed_in_duration": (
            lambda c: c.spec_files.list("p", **SPAN, include_failed_in_duration="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        ),
        "start must be a resume token": lambda c: c.spec_files.list("p", **SPAN, start="c1"),
    },
    "tests": {
        "order": lambda c: c.tests.list("p", **SPAN, order="avgDuration"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        "dir": lambda c: c.tests.list("p", **SPAN, dir=""),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        "min_executions": lambda c: c.tests.list("p", **SPAN, min_executions=1.5),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        r"test_state\[0\]": lambda c: c.tests.list("p", **SPAN, test_state=["flaky"]),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
        "test_state must be a sequence": lambda c: c.tests.list("p", **SPAN, test_state="passed"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        r"metric_settings.executions\[0\]": lambda c: c.tests.list(
            "p",
            **SPAN,
            metric_settings=MetricSettings(executions=["flaky"]),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
        ),
        "metric_settings.failure_rate must be a sequence": lambda c: c.tests.list(
            "p",
            **SPAN,
            metric_settings=MetricSettings(failure_rate="failed"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        ),
        "metric_settings must be a MetricSettings": (
            lambda c: c.tests.list("p", **SPAN, metric_settings={"executions": ["passed"]})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        ),
        r"annotations\[0\] must be an AnnotationFilter": (
            lambda c: c.tests.list("p", **SPAN, annotations=["owner"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
        ),
        "annotations must be a sequence": (
            lambda c: c.tests.list("p", **SPAN, annotations=AnnotationFilter(type="owner"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        ),
        r"annotations\[0\].type": (
            lambda c: c.tests.list("p", **SPAN, annotations=[AnnotationFilter(type="")])
        ),
        r"annotations\[1\].description must not be empty": lambda c: c.tests.list(
            "p",
            **SPAN,
            annotations=[
                AnnotationFilter(type="slow"),
                AnnotationFilter(type="owner", description=""),
            ],
        ),
        r"annotations\[0\].description must have at least 1 item": lambda c: c.tests.list(
            "p", **SPAN, annotations=[AnnotationFilter(type="owner", description=[])]
        ),
    },
    "test results": {
        "signature": lambda c: c.test_results.list("", **SPAN),
        "signature must be one path segment": lambda c: c.test_results.list("a/b", **SPAN),
        r"status\[0\]": lambda c: c.test_results.list("5f", **SPAN, status=["FAILED"]),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
        "flaky": lambda c: c.test_results.list("5f", **SPAN, flaky=1),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        "annotations": lambda c: c.test_results.list("5f", **SPAN, annotations="[]"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        "reverse": lambda c: c.test_results.list("5f", **SPAN, reverse=True),
    },
    "errors": {
        "tags_logical_operator": (
            lambda c: c.errors.list("p", **SPAN, tags_logical_operator="and")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        ),
        "order_by": lambda c: c.errors.list("p", **SPAN, order_by="message"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        r"group_by\[1\]": lambda c: c.errors.list("p", **SPAN, group_by=["target", "spec"]),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
        "group_by must be a sequence": lambda c: c.errors.list("p", **SPAN, group_by="target"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        "metric": lambda c: c.errors.list("p", **SPAN, metric="tests"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        "error_message": lambda c: c.errors.list("p", **SPAN, error_message="a\nb"),
    },
    "signatures": {
        "spec": lambda c: c.signatures.get("", "title", "p"),
        "title must not be empty": lambda c: c.signatures.get("a.ts", "", "p"),
        "title must not": lambda c: c.signatures.get("a.ts", [], "p"),
        r"title\[1\] must be a str": lambda c: c.signatures.get("a.ts", ["Cart", 7], "p"),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
        "title must be a sequence of str": lambda c: c.signatures.get("a.ts", b"title", "p"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        "lone surrogates": lambda c: c.signatures.get("a.ts", "\ud800", "p"),
    },
    "the project": {
        "no project: pass": lambda c: c.tests.list(**SPAN),
        "no project": lambda c: c.signatures.get("a.ts", "title"),
        "project_id": lambda c: c.errors.list("a/b", **SPAN),
    },
}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(call, message, id=f"{group}: {message}")
        for group, calls in INVALID.items()
        for message, call in calls.items()
    ],
)
async def test_bad_input_is_refused_before_anything_is_sent(
    server: FakeCurrents, currents: Currents, call: Call, message: str
) -> None:
    await refuse(currents, server, call, message)


async def test_titles_may_have_several_lines(currents: Currents, project: WorldProject) -> None:
    """A test may be called anything, also on several lines, and a suite nothing at all."""
    signatures = [
        await currents.signatures.get("a.ts", title, project.project_id)
        for title in ("one\ntwo", ["", "is shown"], ["", "is shown"])
    ]
    assert signatures[1] == signatures[2] != signatures[0]


async def test_the_request_for_a_signature_is_repeated(
    server: FakeCurrents, currents: Currents, project: WorldProject
) -> None:
    """It is a POST, and changes nothing: a lost response leaves no ambiguity."""
    assert GET_TEST_SIGNATURE.repeatable
    server.fail("getTestSignature", fault="reset")
    assert (await currents.signatures.get("a.ts", "title", project.project_id)).signature
    assert len(server.requests) == 2


class TestErrorsPager:
    async def test_pages_have_a_timeline(self, currents: Currents, project: WorldProject) -> None:
        project.run(specs=20, failures=10)
        pager: ErrorsPager = currents.errors.list(
            project.project_id,
            date_start=datetime(2000, 1, 1, tzinfo=UTC),
            date_end=date(2100, 1, 1),
            group_by=["message"],
            page_size=1,
        )
        page = await pager
        assert page.timeline
        assert page.timeline[0].items[0].count >= 1
        pages = [page async for page in pager.pages()]
        assert len(pages) == page.total == len([error async for error in pager])
        assert all(page.timeline for page in pages)
