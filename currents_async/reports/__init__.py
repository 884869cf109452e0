"""Reports on runs: pages, documents and summaries. Pure functions that return text or bytes.

details = await currents.reports.details(run_id)
Path("run.html").write_text(run_html(details), encoding="utf-8")
"""

__all__: list[str] = []
