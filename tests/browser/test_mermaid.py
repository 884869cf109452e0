"""Charts in summaries, as Mermaid itself reads and draws them."""

import re
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page

from currents_async._text import one_line
from currents_async.analysis import timeline_of
from currents_async.reports import job_summary
from currents_async.reports._mermaid import mermaid_gantt
from tests.reports.made import HOSTILE, odd_details, world_details
from tests.reports.test_mermaid import a_timeline

RUNS = {
    "many": world_details(specs=120),
    **{one.run.run_id: one for one in odd_details() if timeline_of(one).lanes},
}
NAMES = (
    *HOSTILE,
    *("end", "click a call alert()", "section x", "title", "axisFormat %d", "", "größe 日本語🛒"),
    *(
        "a: b; #c %%d",
        "%%{init: {}}%%",
        "a&amp;b#35;",
        "$$x^2$$",
        "fa:fa-car",
        "__proto__",
        "**b**",
    ),
)
DRAW = """
async chart => {
    const { diagramType } = await mermaid.parse(chart);
    document.body.innerHTML = (await mermaid.render("drawn", chart)).svg;
    if (diagramType !== "gantt") throw diagramType;
    return [...document.querySelectorAll("[class*=taskText]")].map(it => it.textContent.trim());
}
"""


@pytest.fixture(scope="module")
def page(chromium: Browser, mermaid: str) -> Iterator[Page]:
    with chromium.new_context() as context:
        page = context.new_page()
        page.add_script_tag(content=mermaid)
        # What has not been expected fails the test that it happens in.
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        yield page
        assert not said


@pytest.mark.parametrize("name", RUNS)
def test_it_draws_each_bar(page: Page, name: str) -> None:
    [chart] = re.findall("```mermaid\n(.*?)```", job_summary(RUNS[name]), re.DOTALL)
    labels = page.evaluate(DRAW, chart)
    assert len(labels) == len(timeline_of(RUNS[name]).bars)
    assert page.locator("rect.task").count() == len(labels)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names_are_text(page: Page, name: str) -> None:
    [label] = page.evaluate(DRAW, mermaid_gantt(a_timeline(name)).text)
    shown, whole = label.removeprefix("✓").strip(), one_line(name.rpartition("/")[2]).strip()
    assert whole.startswith(shown)
    assert len(shown) > 30 or shown == whole  # the others are cut
