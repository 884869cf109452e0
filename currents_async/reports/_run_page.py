"""The page of a run, in one file: what failed and why, what was slow, and where to read on.

It opens where reports that need scripts stay blank, as under Jenkins' policy
(https://github.com/microsoft/playwright/issues/17159), and stays small however large the run was,
where others outgrow their browsers (https://github.com/allure-framework/allure2/issues/2208).
"""

from collections.abc import Iterator, Mapping

from currents_async._checks import check_flag
from currents_async._text import one_line
from currents_async.analysis.details import RunDetails
from currents_async.analysis.executed import executed_tests
from currents_async.analysis.timeline import timeline_of
from currents_async.reports._assets import Assets
from currents_async.reports._failures import failures_by_message, flaky_list
from currents_async.reports._filter import STYLE_AND_FILTER
from currents_async.reports._page import Part, contents, page, section
from currents_async.reports._run_summary import heading, summary
from currents_async.reports._run_tables import (
    groups_table,
    lacking_table,
    owners_table,
    slowest_specs,
    slowest_tests,
)
from currents_async.reports._timeline import timeline_figure
from currents_async.reports._verdict import verdict_of


def run_html(
    details: RunDetails, *, assets: Mapping[str, str] | None = None, script: bool = False
) -> str:
    """Return the page of a run: one HTML file that needs no other.

    `assets` are the paths, relative to the page, of artifacts that were downloaded, by their signed
    URLs: the page shows screenshots, and links to the others. Signed URLs are never on it. With
    `script`, it has a style sheet, a filter and times in the zone of its reader as well, for places
    that allow those; nothing is missing where they do not run. Of long lists, the page shows the
    worst and the number of the others: it is smaller than 1.5 MB for runs of 5,000 tests in 500
    spec files.

    Raises `InvalidArgumentError` for an asset whose path is not relative, and a `script` that is no
    flag.
    """
    parts = [*_parts(details, Assets(assets or {}))]
    words = verdict_of(details.run).words.capitalize()
    return page(
        one_line(f"{words}: {details.run.title}"),
        *(section(one.heading, one.content, id_=one.id) for one in parts),
        header=[heading(details), contents(parts)],
        head=STYLE_AND_FILTER if check_flag("script", script) else None,
    )


def _parts(details: RunDetails, assets: Assets) -> Iterator[Part]:
    failures, flaky = details.failures(), details.flaky_tests()
    tests = executed_tests(details.instances)
    yield Part("summary", "Summary", summary(details))
    yield Part("failures", f"Failures ({len(failures):,})", failures_by_message(failures, assets))
    yield Part("flaky", f"Flaky tests ({len(flaky):,})", flaky_list(flaky, assets))
    yield Part("timeline", "Timeline", timeline_figure(timeline_of(details)))
    yield Part("groups", "Groups", groups_table(details))
    yield Part("slow-specs", "Slowest spec files", slowest_specs(details.executions))
    yield Part("slow-tests", "Slowest tests", slowest_tests(tests))
    yield Part("owners", "Owners", owners_table(tests))
    yield Part("lacking", "Missing results", lacking_table(details.executions))
