"""Reports on runs: pages, documents and summaries. Pure functions that return text or bytes.

details = await currents.reports.details(run_id)
Path("run.html").write_text(run_html(details), encoding="utf-8")
"""

from currents_async.reports.ctrf import ctrf
from currents_async.reports.diff import diff_html, diff_markdown
from currents_async.reports.github import COMMENT_MARKER, job_summary, pull_request_comment
from currents_async.reports.heat_map import heat_map_html
from currents_async.reports.junit import FlakyForm, junit
from currents_async.reports.last_run import last_run
from currents_async.reports.run_page import run_html
from currents_async.reports.trends import trends_html

__all__ = [
    "COMMENT_MARKER",
    "FlakyForm",
    "ctrf",
    "diff_html",
    "diff_markdown",
    "heat_map_html",
    "job_summary",
    "junit",
    "last_run",
    "pull_request_comment",
    "run_html",
    "trends_html",
]
