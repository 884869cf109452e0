"""What the page of a run says first: the verdict, what is missing, the counts, the commit."""

from collections.abc import Iterator

from currents_async._text import counted, duration
from currents_async.analysis.details import RunCounts, RunDetails
from currents_async.models.common import Commit, PullRequestEvent
from currents_async.models.dashboard import run_url
from currents_async.models.runs import PullRequest, Run, RunFramework, RunMeta
from currents_async.reports._markup import Content, Markup, foreign, separated, tag
from currents_async.reports._page import (
    COLORS,
    GREY,
    facts,
    link,
    moment,
)
from currents_async.reports._remarks import remarks_of
from currents_async.reports._verdict import FAILED, FLAKY, PASSED, SKIPPED, Sign, verdict_of

_HEIGHT = 28
"""Pixels of the bar with the counts."""
_LEGIBLE = 3.0
"""Percent of the bar that its sign needs."""
_SHORT = 7
"""Characters of a commit, as git shows it."""
_FRAMEWORKS = {"pw": "Playwright", "cypress": "Cypress"}


def counters(counts: RunCounts) -> list[tuple[str, int]]:
    """Return what tests came to, by name; flaky ones also passed."""
    return [
        ("Failed", counts.failed),
        ("Flaky", counts.flaky),
        ("Passed", counts.passed),
        ("Skipped", counts.pending),
        ("Not run", counts.skipped),
    ]


def heading(details: RunDetails) -> Content:
    """Return the verdict on a run, its title, and what to know before reading on."""
    sign, words = verdict_of(details.run)
    verdict = tag("font", f"{sign} {words.capitalize()}", color=COLORS[sign])
    remarks = [tag("li", tag("bdi", one)) for one in remarks_of(details)]
    return [
        tag("h1", verdict, ": ", foreign(details.run.title)),
        tag("ul", *remarks) if remarks else None,
    ]


def summary(details: RunDetails) -> Content:
    """Return the counts of a run, and what it ran on."""
    counts = details.counts()
    return [_tiles(counts), _bar(counts) if counts.tests else None, facts(_about(details.run))]


def _tiles(counts: RunCounts) -> Markup:
    """Return the counts in large figures."""
    found = counters(counts)
    whole = f"{counted(counts.tests, 'test')} in {counted(counts.specs, 'spec file')}"
    return tag(
        "table",
        tag("caption", tag("div", whole, align="left")),
        tag("tr", *(tag("th", name, scope="col") for name, _ in found)),
        tag("tr", *(tag("td", tag("font", f"{n:,}", size=5), align="center") for _, n in found)),
        cellpadding=8,
        rules="cols",
        bordercolor=GREY,
    )


def _bar(counts: RunCounts) -> Markup:
    """Return how the tests ended as a bar; the counts are in the table before it."""
    ends: list[tuple[Sign, str, int]] = [
        (FAILED, "failed", counts.failed),
        (FLAKY, "flaky", counts.flaky),
        (PASSED, "passed", counts.passed - counts.flaky),
        (SKIPPED, "skipped or not run", counts.pending + counts.skipped),
    ]
    said = ", ".join(f"{number:,} {name}" for _, name, number in ends if number)
    segments: list[Markup] = []
    left = 0.0
    for sign, name, number in ends:
        share = max(0.0, 100 * number / counts.tests)
        segments.append(_segment(sign, f"{number:,} {name}", left, share))
        left += share
    bar = tag("svg", tag("title", said), *segments, width="100%", height=_HEIGHT, role="img")
    return tag("p", bar)


def _segment(sign: Sign, name: str, left: float, share: float) -> Markup:
    x, width = f"{left:.2f}%", f"{share:.2f}%"
    return tag(
        "g",
        tag("title", name),
        tag("rect", x=x, width=width, height=_HEIGHT, fill=COLORS[sign]),
        tag(
            "text",
            sign,
            x=f"{left + share / 2:.2f}%",
            y=_HEIGHT * 0.7,
            fill="#fff",
            text_anchor="middle",
        )
        if share > _LEGIBLE
        else None,
    )


def _about(run: Run) -> Iterator[tuple[str, Content]]:
    meta = run.meta or RunMeta()
    commit = meta.commit or Commit()
    yield "Branch", _said(run.branch)
    yield "Commit", _commit(run, commit)
    yield "Author", _said(run.author_name)
    yield "Pull request", _pull_request(meta.pr, commit.event)
    yield "Started", moment(run.created_at)
    yield "Duration", None if run.duration_ms is None else duration(run.duration_ms)
    yield "Tags", separated(map(foreign, run.tags))
    yield "Environments", separated(map(foreign, run.environments))
    yield "Framework", _said(framework_of(run.framework))
    yield "CI build", _said(meta.ci_build_id)
    yield "Dashboard", link(run.url, "Open the run on the dashboard of Currents")
    previous = run.previous_run_id
    yield "Retries", link(run_url(previous), "The run that this one retries") if previous else None


def _said(text: str | None) -> Content:
    return foreign(text) if text else None


def _commit(run: Run, commit: Commit) -> Content:
    if not run.head_sha:
        return None
    message = (commit.message or "").strip().partition("\n")[0]
    sha = tag("code", foreign(run.head_sha[:_SHORT]))
    return separated([sha, *([foreign(message)] if message else [])], " ")


def _pull_request(pull_request: PullRequest | None, event: PullRequestEvent | None) -> Content:
    pull_request, event = pull_request or PullRequest(), event or PullRequestEvent()
    name = pull_request.title or event.pr_title or pull_request.id
    return link(pull_request.link or event.html_url, foreign(name)) if name else None


def framework_of(framework: RunFramework) -> str:
    """Return the name and the version of a framework, as people know it."""
    name = _FRAMEWORKS.get(framework.name or "", framework.name)
    return f"{name} {framework.version or ''}".strip() if name else ""
