"""How one run differs from another: a page, and Markdown for pull requests and job summaries."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from currents_async._checks import check_int
from currents_async.analysis.diff import RunDiff
from currents_async.models.common import Commit
from currents_async.models.runs import Run, RunMeta
from currents_async.reports import _markdown
from currents_async.reports._changes import Change, Changes, changes_of, check_runs, verdict_on
from currents_async.reports._fitting import Item, Listing, Section, Whole, fitted
from currents_async.reports._markup import foreign, markup, tag
from currents_async.reports._page import (
    COLORS,
    Column,
    Part,
    Row,
    contents,
    link,
    page,
    rest,
    section,
    table,
)
from currents_async.reports._text import counted, duration, one_line
from currents_async.reports._verdict import verdict_of

_MAX_BYTES = 1_200_000
"""Of the rows of a page; those of a category take at most half of what is left for them."""
_ROW_BYTES = 200
"""Of a row, beside what its cells contain."""
_MIN_CHARS = 2_000
_MAX_TITLE = 120
"""Characters of a title, a path or a message in Markdown."""
_SHA = 7
"""Characters of a commit, as git shows it."""
_RUNS = ("Run", "Earlier", "Later")


class _Style(NamedTuple):
    """How a document quotes texts of others, and links to pages."""

    quote: Callable[[str], str]
    link: Callable[[str | None, str], str]


_HTML = _Style(foreign, link)
_MARKDOWN = _Style(partial(_markdown.code, max_length=_MAX_TITLE), _markdown.link)

_Layout = list[tuple[Column, Callable[[Change], str]]]
"""The columns of a table, with what makes their cells."""


def diff_html(diff: RunDiff, *, before: Run, after: Run) -> str:
    """Return the page of a diff: one HTML file that needs no other, smaller than 1.5 MB.

    It shows a verdict, both runs side by side, and the tests of each category with their errors,
    owners and pages. Of many tests, it shows the first, and the number of the others.

    Raises `InvalidArgumentError` for other runs than those of the diff.
    """
    check_runs(diff, before, after)
    sign, words = verdict_on(diff, before, after)
    parts = [*_parts(diff, before, after)]
    return page(
        one_line(f"{words}: {after.title}"),
        *(section(one.heading, one.content, id_=one.id) for one in parts),
        header=[
            tag("h1", tag("font", f"{sign} {words}", color=COLORS[sign])),
            contents(parts),
        ],
    )


def diff_markdown(diff: RunDiff, *, before: Run, after: Run, max_chars: int = 65_536) -> str:
    """Return a diff in Markdown, by default no longer than a comment on GitHub may be.

    It shows what the page of `diff_html` does, as far as there is room, and the number of the rest.
    Texts of others show as text: they mention nobody, and link nowhere.

    Raises `InvalidArgumentError` for other runs than those of the diff, and if `max_chars` is less
    than 2,000.
    """
    check_runs(diff, before, after)
    check_int("max_chars", max_chars, min_value=_MIN_CHARS)
    sign, words = verdict_on(diff, before, after)
    runs = _markdown.table(_RUNS, _side_by_side(before, after, _MARKDOWN))
    sections: list[Section] = [Whole("runs", runs), *_listings(diff)]
    return fitted(f"## {sign} {words}", sections, max_chars, len)


def _parts(diff: RunDiff, before: Run, after: Run) -> Iterator[Part]:
    runs = map(Row, _side_by_side(before, after, _HTML))
    yield Part("runs", "Runs", table("What was compared", _RUNS, runs))
    categories = [*changes_of(diff)]
    left = _MAX_BYTES
    for changes in categories:
        layout = _layout(changes, categories, _HTML)
        rows, taken = _fitting(changes.items, layout, left // 2)
        left -= taken
        yield Part(
            changes.id,
            f"{changes.heading} ({len(changes.items):,})",
            [
                table(changes.about, [column for column, _ in layout], rows),
                rest(len(changes.items) - len(rows), "test"),
            ],
        )
    others = (
        f"{counted(diff.others, 'test')} in none of these categories: most passed in both runs."
    )
    yield Part("others", "Others", tag("p", others))


def _fitting(items: Sequence[Change], layout: _Layout, max_bytes: int) -> tuple[list[Row], int]:
    """Return the rows of the first changes that fit, and how many bytes they take."""
    rows: list[Row] = []
    taken = 0
    for item in items:
        cells = [markup(make(item)) for _, make in layout]
        size = _ROW_BYTES + sum(len(cell.encode()) for cell in cells)
        if taken + size > max_bytes:
            break
        taken += size
        rows.append(Row(cells))
    return rows, taken


def _listings(diff: RunDiff) -> Iterator[Listing]:
    categories = [*changes_of(diff)]
    for changes in categories:
        layout = _layout(changes, categories, _MARKDOWN)
        yield Listing(
            name=f"{changes.heading} ({len(changes.items):,})",
            items=[Item(_markdown.row([make(one) for _, make in layout])) for one in changes.items],
            rest="more",
            total=len(changes.items),
            head=_markdown.table([column for column, _ in layout], ()),
        )


def _layout(changes: Changes, categories: Sequence[Changes], style: _Style) -> _Layout:
    """Return the columns of a category; those of groups and owners only if they say something."""
    quote = style.quote
    tests = [change.test for one in categories for change in one.items]
    layout: _Layout = [
        (Column("Test"), lambda one: style.link(one.test.url, quote(one.test.full_title or "?"))),
        (Column("Spec file"), lambda one: quote("" if one.test.is_file else one.test.spec)),
    ]
    if len({test.group_id for test in tests}) > 1:
        layout.append((Column("Group"), lambda one: quote(one.test.group_id or "")))
    if any(test.owners for test in tests):
        layout.append((Column("Owner"), lambda one: quote(", ".join(one.test.owners))))
    layout.append((
        Column("Before", nowrap=True),
        lambda one: style.link(one.before_url, one.before),
    ))
    layout.append((Column("After", nowrap=True), lambda one: one.after))
    if changes.note:
        layout.append((Column(changes.note), lambda one: quote(one.note)))
    return layout


def _side_by_side(before: Run, after: Run, style: _Style) -> Iterator[list[str]]:
    """Yield the name of a fact, and what it is in each run."""
    facts = [dict(_facts(run, style)) for run in (before, after)]
    for name in facts[0]:
        cells = [one[name] for one in facts]
        if any(cells):
            yield [name, *cells]


def _facts(run: Run, style: _Style) -> Iterator[tuple[str, str]]:
    commit = (run.meta or RunMeta()).commit or Commit()
    yield "Title", style.link(run.url, style.quote(run.title))
    yield "Verdict", " ".join(verdict_of(run))
    yield "Branch", style.quote(run.branch or "")
    yield "Commit", style.quote((run.head_sha or "")[:_SHA])
    yield "Author", style.quote(commit.author_name or "")
    yield "Started", "" if run.created_at is None else f"{run.created_at:%Y-%m-%d %H:%M:%S} UTC"
    yield "Duration", "" if run.duration_ms is None else duration(run.duration_ms)
