import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import msgspec
import pytest

from currents_async import InvalidArgumentError
from currents_async.analysis.artifacts import list_artifacts, url_of
from currents_async.analysis.details import Execution, RunDetails
from currents_async.analysis.executed import executed_tests
from currents_async.models import Attachment, Cancellation, CompletionState, Run, RunSpec, Stats
from currents_async.reports import job_summary, pull_request_comment, run_html
from currents_async.testing import World, WorldRun
from tests.analysis.made import FAILED, NOON, a_run, a_test, an_instance
from tests.reports.dom import by_id, markup_of, read, rows, text
from tests.reports.made import HOSTILE, details_of, hostile_details, odd_details, world_details

MAX_BYTES = 1_500_000
OWNERS = [("owner", "Web"), ("owner", "Payments"), ("issue", "https://issues.example/1")]

_COLOURS = re.compile(r"\x1b\[[\d;]*m")


def a_world_run(framework: Any, **options: Any) -> WorldRun:
    annotations = OWNERS if framework == "playwright" else ()
    return (
        World(3)
        .project()
        .run(
            specs=20,
            framework=framework,
            failures=0.1,
            flaky=0.1,
            groups=2,
            annotations=annotations,
            **options,
        )
    )


@pytest.fixture(params=["playwright", "cypress"])
def world_run(request: pytest.FixtureRequest) -> WorldRun:
    return a_world_run(request.param)


def page_of(details: RunDetails, **options: Any) -> Element:
    return read(run_html(details, **options))


def listed(run: WorldRun) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each instance as JSON with each of its tests, without the help of models."""
    for number in range(len(run.specs)):
        instance = run.instance(number)
        for test in instance["results"]["tests"]:
            yield instance, test


def name_of(instance: dict[str, Any], test: dict[str, Any]) -> tuple[str, str]:
    return one_line(" > ".join(test["title"]))[:300], one_line(instance["spec"])


def name_in(entry: Element) -> tuple[str, str]:
    return text(entry.find("summary/b"))[:300], text(entry.find("summary/small"))


def names_of(entries: list[Element]) -> Counter[tuple[str, str]]:
    return Counter(map(name_in, entries))


def message_of(test: dict[str, Any]) -> str:
    last = next(one for one in reversed(test["attempts"]) if one.get("error"))
    message: str = _COLOURS.sub("", last["error"]["message"])
    return message[:1_000]


def one_line(found: str) -> str:
    return " ".join(_COLOURS.sub("", found).split())


def opened(section: Element) -> list[Element]:
    return [one for one in section.iter("details") if one.find("summary/b") is not None]


def test_counts(world_run: WorldRun) -> None:
    states = Counter(test["state"] for _, test in listed(world_run))
    root = page_of(details_of(world_run))
    tiles = next(by_id(root, "summary").iter("table"))
    heads, numbers = ([text(cell) for cell in row] for row in tiles.iter("tr"))
    shown = dict(zip(heads, numbers, strict=True))
    assert text(tiles.find("caption")) == f"{states.total()} tests in 20 spec files"
    assert shown["Failed"] == str(states["failed"])
    assert shown["Passed"] == str(states["passed"])
    assert shown["Skipped"] == str(states["pending"])
    assert shown["Not run"] == str(states["skipped"])


def test_each_failure_is_there_once_with_its_message(world_run: WorldRun) -> None:
    shown = opened(by_id(page_of(details_of(world_run)), "failures"))
    failed = [(instance, test) for instance, test in listed(world_run) if test["state"] == "failed"]
    assert len(failed) > 5
    assert names_of(shown) == Counter(name_of(*one) for one in failed)
    for name, message in ((name_of(*one), message_of(one[1])) for one in failed):
        assert any(name_in(one) == name and message in text(one.find("fieldset")) for one in shown)


def test_failures_show_their_attempts_owners_and_pages() -> None:
    run = a_world_run("playwright")
    shown = {name_in(one): one for one in opened(by_id(page_of(details_of(run)), "failures"))}
    for instance, test in listed(run):
        if test["state"] != "failed":
            continue
        entry = shown[name_of(instance, test)]
        owners = [one["description"] for one in test["annotations"] if one["type"] == "owner"]
        facts, attempts = entry.findall("table")
        said = {text(row[0]): text(row[1]) for row in facts.iter("tr")}
        assert said.get("Owner", said.get("Owners")) == (", ".join(owners) or None)
        assert said["Group"] == instance["groupId"]
        page = f"/instance/{instance['instanceId']}/test/{test['testId']}"
        assert [link.get("href", "").endswith(page) for link in facts.iter("a")] == [True]
        assert [(row[1].split()[-2:], one_line(row[3])) for row in rows(attempts)] == [
            (["worker", str(one["workerIndex"])], one_line(one["error"]["message"].splitlines()[0]))
            for one in test["attempts"]
        ]


def test_flaky_tests_are_there_with_the_errors_before(world_run: WorldRun) -> None:
    shown = opened(by_id(page_of(details_of(world_run)), "flaky"))
    flaky = [
        (instance, test)
        for instance, test in listed(world_run)
        if test["state"] == "passed" and len(test["attempts"]) > 1
    ]
    assert len(flaky) > 5
    assert names_of(shown) == Counter(name_of(*one) for one in flaky)
    for entry in shown:
        [attempts] = [one for one in entry.findall("table") if one.find("thead") is not None]
        *errors, last = (row[3] for row in rows(attempts))
        assert all(errors)
        assert not last


def test_what_was_slowest(world_run: WorldRun) -> None:
    details = details_of(world_run)
    root = page_of(details)
    [specs] = by_id(root, "slow-specs").iter("table")
    took = {
        one_line(instance["spec"]): instance["results"]["stats"]["wallClockDuration"]
        for instance, _ in listed(world_run)
    }
    shown = [text(row.find("th/a")) for row in specs.iterfind("tbody/tr")]
    assert shown == sorted(took, key=lambda spec: -took[spec])
    [tests] = by_id(root, "slow-tests").iter("table")
    assert len([*rows(tests)]) == 20
    timed = [test for test in executed_tests(details.instances) if test.duration_ms is not None]
    assert f"and {len(timed) - 20} tests more" in text(by_id(root, "slow-tests"))


def test_owners_and_groups() -> None:
    run = a_world_run("playwright")
    root = page_of(details_of(run))
    owners, groups = (next(by_id(root, name).iter("table")) for name in ("owners", "groups"))
    failed, tests, by_group = Counter[str](), Counter[str](), Counter[str]()
    for instance, test in listed(run):
        by_group[instance["groupId"]] += 1
        names = [one["description"] for one in test["annotations"] if one["type"] == "owner"]
        for owner in names or ["no owner"]:
            tests[owner] += 1
            failed[owner] += test["state"] == "failed"
    assert {row[0]: (row[1], row[3]) for row in rows(owners)} == {
        owner: (str(failed[owner]), str(tests[owner])) for owner in tests
    }
    for group, row in zip(by_group, rows(groups), strict=True):
        assert row[0].startswith(f"{group}{by_group[group]} tests in ")


def test_the_start_says_where_the_run_came_from() -> None:
    run = (
        World(3)
        .project()
        .run(specs=2, branch="feat/x", pull_request=482, tags=["smoke"], environments=["staging"])
    )
    [*_, facts] = by_id(page_of(details_of(run)), "summary").iter("table")
    said = {text(row[0]): text(row[1]) for row in facts.iter("tr")}
    commit = run.payload["meta"]["commit"]
    assert said["Branch"] == "feat/x"
    assert said["Commit"].startswith(commit["sha"][:7] + " ")
    assert said["Author"] == commit["authorName"]
    assert (said["Tags"], said["Environments"]) == ("smoke", "staging")
    assert said["Framework"].startswith("Playwright 1.")
    assert said["Started"].endswith(" UTC")
    links = {text(link): link.get("href") for link in facts.iter("a")}
    assert links[said["Pull request"]] == run.payload["meta"]["pr"]["link"]
    assert links[said["Dashboard"]] == f"https://app.currents.dev/run/{run.run_id}"


def test_no_signature_is_on_the_page(world_run: WorldRun) -> None:
    details = details_of(world_run)
    artifacts = [one for each in details.instances for _, _, one in list_artifacts(each.results)]
    signed = [url for url in map(url_of, artifacts) if url]
    assert len(signed) > 5
    page = run_html(details)
    for url in signed:
        address, _, query = url.partition("?")
        assert address not in page
        assert query not in page
        assert not any(value in page for value in re.findall("Signature=([^&]+)", query))


def test_assets_are_shown_by_their_paths(world_run: WorldRun) -> None:
    details = details_of(world_run)
    wanted = [one for failure in details.failures() for one in failure.artifacts]
    urls = {url_of(one) or "" for one in wanted}
    paths = {url: f"assets/{number} #.png" for number, url in enumerate(sorted(urls))}
    root = page_of(details, assets=paths)
    images = {image.get("src", "") for image in root.iter("img")}
    files = {link.get("href", "") for link in root.iter("a")}
    assert all(
        image.get("alt", "").startswith("Screenshot of attempt ") for image in root.iter("img")
    )
    assert images
    assert {path.replace(" #", "%20%23") for path in paths.values()} <= images | files


def test_attached_pictures_are_shown() -> None:
    artifacts = tuple(
        Attachment(name=name, content_type=kind, read_url=f"https://s3.example/{name}")
        for name, kind in (("diff.png", "image/png"), ("log.txt", "text/plain"))
    )
    instance = an_instance("a.ts", exception="oh!", attachments=artifacts)
    root = page_of(
        RunDetails.of(a_run(instance), [instance]),
        assets={url_of(one) or "": f"assets/{one.name}" for one in artifacts},
    )
    [image] = root.iter("img")
    assert (image.get("src"), image.get("alt")) == ("assets/diff.png", "Attachment: diff.png")
    assert "Files: Attachment: log.txt" in text(root)


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("a b\"'<>?#.png", "a%20b%22%27%3C%3E%3F%23.png"),
        ("\ud800.png", "%3F.png"),
    ],
)
def test_paths_of_assets_are_only_paths(path: str, address: str) -> None:
    shot = Attachment(name="a", content_type="image/png", read_url="https://s3.example/a")
    instance = an_instance("a.ts", exception="oh!", attachments=(shot,))
    details = RunDetails.of(a_run(instance), [instance])
    [image] = page_of(details, assets={url_of(shot) or "": path}).iter("img")
    assert image.get("src") == address


@pytest.mark.parametrize("path", ["/etc/passwd", "//host/a.png", "\\\\host\\a.png", ""])
def test_assets_are_relative(path: str) -> None:
    with pytest.raises(InvalidArgumentError, match="relative to the page"):
        run_html(world_details(), assets={"https://s3.example/a.png": path})


@pytest.mark.parametrize("options", [{"assets": {"a": 1}}, {"script": "yes"}])
def test_arguments_are_checked(options: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"assets|script"):
        run_html(world_details(), **options)


def test_hostile_texts_are_text() -> None:
    details = details_of(a_world_run("playwright"))
    urls = {url_of(one) or "" for failure in details.failures() for one in failure.artifacts}
    ours = markup_of(page_of(details, assets=dict.fromkeys(urls, "a.png"))) | {"li", "ul"}
    hostile = run_html(hostile_details())
    root = read(hostile)
    assert markup_of(root) <= ours | {"wbr"}
    assert not any("script:" in link.get("href", "") for link in root.iter("a"))
    assert all("<" not in name and ">" not in name for name in ours)
    assert HOSTILE[0] in text(root)
    assert HOSTILE[1] in text(root)
    assert not set("\x1b\u202e\u2066\ud800") & set(hostile)
    assert "1,000,000 characters" in hostile


def test_hostile_facts_of_a_run_are_text() -> None:
    for hostile in HOSTILE:
        run = msgspec.convert(
            {
                "runId": hostile,
                "completionState": "CANCELED",
                "createdAt": "2026-01-05T12:00:00Z",
                "tags": [hostile],
                "environments": [hostile],
                "previousRunId": hostile,
                "cancellation": {"canceledBy": hostile, "actor": hostile, "reason": hostile},
                "groups": [{"groupId": hostile, "platform": {"osName": hostile}}],
                "meta": {
                    "ciBuildId": hostile,
                    "framework": {"name": hostile, "version": hostile},
                    "commit": {
                        "sha": hostile,
                        "branch": hostile,
                        "authorName": hostile,
                        "message": hostile,
                    },
                    "pr": {"id": hostile, "title": hostile, "link": f"javascript:{hostile}"},
                },
            },
            Run,
        )
        page = run_html(RunDetails(run=run))
        root = read(page)
        assert len(page) < 30_000
        assert not {"script", "img"} & markup_of(root)
        assert all(
            link.get("href", "").startswith(("#", "https://app.currents.dev/"))
            for link in root.iter("a")
        )


@pytest.mark.parametrize("number", range(6))
def test_odd_runs(number: int) -> None:
    said = text(page_of(odd_details()[number]))
    remarks = [
        "The run has no spec files.",
        "The run has no spec files.",
        "The server does not say whether the run has ended.",
        "Without results here: 3 spec files.",
        "The run is still in progress",
        "failures with",
    ]
    assert remarks[number] in said


def test_how_a_run_ended_is_said_first() -> None:
    cancellation = Cancellation(cancelled_at=NOON, cancelled_by="Zoë", reason="too slow")
    run = Run(run_id="r", completion_state=CompletionState.CANCELED, cancellation=cancellation)
    header = page_of(RunDetails(run=run)).find("body/font/header")
    assert "Cancelled" in text(header)
    assert "The run was cancelled by Zoë at 2026-01-05 12:00:00 UTC: too slow" in text(header)


def test_spec_files_without_results() -> None:
    thrown = an_instance("threw.ts", a_test("one"), exception="no such module")
    failed = RunSpec(spec="lost.ts", group_id="g", instance_id="lost", claimed_at=NOON)
    details = RunDetails.of(
        a_run(thrown, more=[failed, RunSpec(spec="late.ts", group_id="g")]), [thrown]
    )
    first, lost, late = details.executions
    details = RunDetails(
        run=details.run, executions=(first, Execution(spec=lost.spec, error="HTTP 404"), late)
    )
    [table] = by_id(page_of(details), "lacking").iter("table")
    assert [*rows(table)] == [
        ["threw.tschromium", "threw", "no such module"],
        ["lost.tsg", "could not be fetched", "HTTP 404"],
        ["late.tsg", "not claimed", "no machine has claimed it"],
    ]


def test_a_large_run_makes_a_small_page() -> None:
    run = World(4).project().run(specs=500, tests=10, groups=3, annotations=OWNERS)
    page = run_html(details_of(run))
    assert len(page.encode()) < MAX_BYTES
    failures = by_id(read(page), "failures")
    assert len(opened(failures)) + len([*failures.iter("li")]) == 150


def test_of_what_does_not_fit_the_number_is_there() -> None:
    run = World(4).project().run(specs=100, tests=10, failures=0.9)
    page = run_html(details_of(run))
    assert len(page.encode()) < MAX_BYTES
    failures = by_id(read(page), "failures")
    more = re.findall(r"and (\d+) failures more", text(failures))
    shown = len(opened(failures)) + len([*failures.iter("li")])
    assert shown + sum(map(int, more)) == 900


def test_hostile_giants_make_a_small_page() -> None:
    giants = [
        an_instance(
            f"{number}",
            *(a_test(f"{one}{text}", FAILED, failures=[text] * 2) for one in range(4)),
        )
        for number, text in enumerate(HOSTILE * 3)
    ]
    page = run_html(RunDetails.of(a_run(*giants), giants))
    assert len(page.encode()) < MAX_BYTES


def test_headings_are_in_order_and_have_names(world_run: WorldRun) -> None:
    root = page_of(details_of(world_run))
    levels = [int(one.tag[1]) for one in root.iter() if re.fullmatch(r"h\d", one.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len({*ids})
    links = {link.get("href", "") for link in root.iter("a") if link.get("href", "")[0] == "#"}
    assert links == {f"#{heading.get('id')}" for heading in root.iter("h2")}
    assert all(one.get("scope") for one in root.iter("th"))
    assert all(text(one).strip() for one in root.iter("th"))
    assert all(text(one).strip() for one in root.iter("a"))


def test_styles_and_a_script_are_extras() -> None:
    details = world_details()
    plain, rich = run_html(details), run_html(details, script=True)
    assert not {"script", "style"} & markup_of(read(plain))
    assert not any(" style" in name or " on" in name for name in markup_of(read(plain)))
    extras = re.compile(r"<style>.*?</style><script>.*?</script>", re.DOTALL)
    assert extras.sub("", rich) == plain


@pytest.mark.parametrize("report", [run_html, job_summary, pull_request_comment])
def test_a_spec_file_that_is_an_address_is_shown_without_its_signature(
    report: Callable[[RunDetails], str],
) -> None:
    url = "https://s3.example/a?X-Amz-Signature=SECRET"
    stats = Stats(wall_clock_started_at=NOON, wall_clock_duration=1_000)
    instance = an_instance(url, a_test("alone", FAILED), stats=stats)
    shown = report(RunDetails.of(a_run(instance), [instance]))
    # The ID of the instance, which is made of the path here, is in addresses.
    assert "Signature=" not in shown.replace("<wbr>", "")
