"""Reports on runs: pages, documents and summaries. Pure functions that return text or bytes.

details = await currents.reports.details(run_id)
Path("run.html").write_text(run_html(details), encoding="utf-8")
"""

from currents_async.reports._ctrf import ctrf
from currents_async.reports._diff import diff_html, diff_markdown
from currents_async.reports._github import COMMENT_MARKER, job_summary, pull_request_comment
from currents_async.reports._heat_map import heat_map_html
from currents_async.reports._junit import FlakyForm, junit
from currents_async.reports._last_run import last_run
from currents_async.reports._run_page import run_html
from currents_async.reports._trends import trends_html

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
