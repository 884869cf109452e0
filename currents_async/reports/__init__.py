"""Reports on runs: pages, documents and summaries. Pure functions that return text or bytes.

details = await currents.reports.details(run_id)
Path("run.html").write_text(run_html(details), encoding="utf-8")
"""

from currents_async.reports.ctrf import ctrf
from currents_async.reports.heat_map import heat_map_html
from currents_async.reports.junit import FlakyForm, junit
from currents_async.reports.last_run import last_run

__all__ = ["FlakyForm", "ctrf", "heat_map_html", "junit", "last_run"]
