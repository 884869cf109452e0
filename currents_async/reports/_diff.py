"""How one run differs from another: a page, and Markdown for pull requests and job summaries."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from currents_async._checks import check_int
from currents_async._text import counted, duration, one_line, utc_time
from currents_async.analysis.diff import RunDiff
from currents_async.analysis.executed import ExecutedTest
from currents_async.models.runs import Run
from currents_async.reports import _markdown
from currents_async.reports._changes import Change, Changes, changes_of, check_runs, verdict_on
from currents_async.reports._fitting import Item, Listing, Section, Whole, fitted
from currents_async.reports._markup import foreign, markup, separated, tag
from currents_async.reports._page import (
    COLORS,
    Part,
    Row,
    contents,
    link,
    page,
    rest,
    section,
    table,
)
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

_Details = Sequence[tuple[str, str]]
"""What else is known of a test: what it is, and the quoted text."""


class _Style(NamedTuple):
    """How a document quotes texts of others, links to pages, and goes into details."""

    quote: Callable[[str], str]
    link: Callable[[str | None, str], str]
    details: Callable[[_Details], str]
    note: Callable[[str], str]


def _small_print(details: _Details) -> str:
    return tag("small", tag("br"), separated(details))


def _appended(details: _Details) -> str:
    return "".join(f" · {what}{text}" for what, text in details)


_HTML = _Style(foreign, link, _small_print, partial(markup, tag("br")))
_MARKDOWN = _Style(
    partial(_markdown.code, max_length=_MAX_TITLE), _markdown.link, _appended, ": {}".format
)


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
            tag("h1", tag("font", sign, color=COLORS[sign]), f" {words}"),
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
    runs = _side_by_side(before, after, _HTML)
    yield Part("runs", "Runs", table("What was compared", _RUNS, runs))
    left = _MAX_BYTES
    for changes in changes_of(diff):
        rows, taken = _fitting(changes.items, left // 2)
        left -= taken
        shown = table(changes.about, _columns(changes), rows)
        beyond = rest(len(changes.items) - len(rows), "test")
        yield Part(changes.id, _heading(changes), [shown, beyond])
    others = f"{counted(diff.others, 'test')} in no category: most of them passed in both runs."
    yield Part("others", "Others", tag("p", others))


def _fitting(items: Sequence[Change], max_bytes: int) -> tuple[list[Row], int]:
    """Return the rows of the first changes that fit, and how many bytes they take."""
    rows: list[Row] = []
    taken = 0
    for item in items:
        cells = [markup(*pieces) for pieces in _cells(item, _HTML)]
        size = _ROW_BYTES + sum(len(cell.encode()) for cell in cells)
        if taken + size > max_bytes:
            break
        taken += size
        rows.append(cells)
    return rows, taken


def _listings(diff: RunDiff) -> Iterator[Listing]:
    for changes in changes_of(diff):
        rows = (map("".join, _cells(one, _MARKDOWN)) for one in changes.items)
        yield Listing(
            name=_heading(changes),
            items=[Item(_markdown.row(cells)) for cells in rows],
            rest="more",
            total=len(changes.items),
            head=_markdown.table(_columns(changes), ()),
        )


def _heading(changes: Changes) -> str:
    return f"{changes.heading} ({len(changes.items):,})"


def _columns(changes: Changes) -> tuple[str, str]:
    """Return the names of two columns: a phone has no room for more."""
    return "Test", f"Before → after{f', {changes.note.lower()}' if changes.note else ''}"


def _cells(change: Change, style: _Style) -> tuple[Sequence[str], Sequence[str]]:
    return _name(change.test, style), _result(change, style)


def _name(test: ExecutedTest, style: _Style) -> Sequence[str]:
    spec = "" if test.is_file else test.spec
    known = {"": spec, "group ": test.group_id, "owned by ": ", ".join(test.owners)}
    details = [(what, style.quote(text)) for what, text in known.items() if text]
    title = style.link(test.url, style.quote(test.full_title or "no title"))
    return [title, style.details(details)] if details else [title]


def _result(change: Change, style: _Style) -> Sequence[str]:
    before = style.link(change.before_url, change.before)
    arrow = " → " if change.before and change.after else ""
    note = style.note(style.quote(change.note)) if change.note else ""
    return [before, arrow, change.after, note]


def _side_by_side(before: Run, after: Run, style: _Style) -> Iterator[list[str]]:
    """Yield the name of a fact, and what it is in each run."""
    facts = [dict(_facts(run, style)) for run in (before, after)]
    for name in facts[0]:
        cells = [one[name] for one in facts]
        if any(cells):
            yield [name, *cells]


def _facts(run: Run, style: _Style) -> Iterator[tuple[str, str]]:
    yield "Title", style.link(run.url, style.quote(run.title))
    yield "Verdict", " ".join(verdict_of(run))
    yield "Branch", style.quote(run.branch or "")
    yield "Commit", style.quote((run.head_sha or "")[:_SHA])
    yield "Author", style.quote(run.author_name or "")
    yield "Started", "" if run.created_at is None else utc_time(run.created_at)
    yield "Duration", "" if run.duration_ms is None else duration(run.duration_ms)
