"""What the operations of projects send, their runs among them."""

from datetime import UTC, date, datetime, timedelta, timezone

from tests.rows.row import Row

DAY = date(2026, 1, 2)
NOON = datetime(2026, 1, 2, 12, 30, tzinfo=timezone(timedelta(hours=2)))
LATER = datetime(2026, 1, 3, 0, 0, 0, 5_000, UTC)
SPAN = "date_start=2026-01-02T10%3A30%3A00.000Z&date_end=2026-01-03T00%3A00%3A00.005Z"

ROWS = [
    Row("listProjects", lambda c: c.projects.list(), "GET", "/projects?limit=50", data=[]),
    Row(
        "listProjects",
        lambda c: c.projects.list(page_size=7, start="a+b"),
        "GET",
        "/projects?limit=7&starting_after=a%2Bb",
        data=[],
    ),
    Row(
        "listProjects",
        lambda c: c.projects.list(start="abc", reverse=True),
        "GET",
        "/projects?limit=50&ending_before=abc",
        data=[],
    ),
    Row(
        "createProject",
        lambda c: c.projects.create("web shop"),
        "POST",
        "/projects",
        b'{"name":"web shop"}',
        data={"projectId": "p"},
        status=201,
    ),
    Row(
        "getProject",
        lambda c: c.projects.get(),
        "GET",
        "/projects/default",
        data={"projectId": "default"},
    ),
    Row(
        "getProject",
        lambda c: c.projects.get("p 1"),
        "GET",
        "/projects/p%201",
        data={"projectId": "p 1"},
    ),
    Row(
        "listProjectRuns",
        lambda c: c.runs.list(),
        "GET",
        "/projects/default/runs?limit=50",
        data=[],
    ),
    Row(
        "listProjectRuns",
        lambda c: c.runs.list(
            "p",
            tags=["a", "b c"],
            branches=["main"],
            authors=["me@example.com"],
            environments=["staging", "a b"],
            tag_operator="OR",
            search=" fix #1\n",
            pr_id="12",
            status=["PASSED", "FAILING"],
            completion_state=["COMPLETE", "TIMEOUT"],
            date_start=NOON,
            date_end=LATER,
            page_size=100,
            start="abc",
        ),
        "GET",
        "/projects/p/runs?tags%5B%5D=a&tags%5B%5D=b%20c&branches%5B%5D=main"
        "&authors%5B%5D=me%40example.com&environments%5B%5D=staging&environments%5B%5D=a%20b"
        "&tag_operator=OR&search=fix%20%231&pr_id=12"
        "&status=PASSED&status=FAILING&completion_state=COMPLETE&completion_state=TIMEOUT"
        f"&{SPAN}&limit=100&starting_after=abc",
        data=[],
    ),
    Row(
        "getProjectInsights",
        lambda c: c.projects.insights(date_start=DAY, date_end=LATER),
        "GET",
        "/projects/default/insights?date_start=2026-01-02&date_end=2026-01-03T00%3A00%3A00.005Z",
    ),
    Row(
        "getProjectInsights",
        lambda c: c.projects.insights(
            "p",
            date_start=NOON,
            date_end=LATER,
            resolution="1h",
            tags=["a", "b"],
            branches=["main"],
            groups=["chrome"],
            authors=["me"],
            environments=["staging"],
        ),
        "GET",
        f"/projects/p/insights?{SPAN}&resolution=1h&tags%5B%5D=a&tags%5B%5D=b"
        "&branches%5B%5D=main&groups%5B%5D=chrome&authors%5B%5D=me&environments%5B%5D=staging",
    ),
    Row(
        "listProjectPullRequests",
        lambda c: c.projects.pull_requests(),
        "GET",
        "/projects/default/pull-requests?limit=50",
        data=[],
    ),
    Row(
        "listProjectPullRequests",
        lambda c: c.projects.pull_requests(
            "p",
            runs_per_pr=10,
            tags=["a", "b"],
            branches=["feature/x"],
            authors=["me@*"],
            tag_operator="AND",
            environments=["staging"],
            pr_id="github:github.com/shop/web#482",
            search="build 7",
            date_start=NOON,
            date_end=LATER,
            status=["RUNNING", "FAILED"],
            completion_state=["COMPLETE"],
            pr_search="#482",
            order="run_count",
            dir="asc",
            page_size=20,
            start="abc",
            reverse=True,
        ),
        "GET",
        "/projects/p/pull-requests?runs_per_pr=10&tags%5B%5D=a&tags%5B%5D=b"
        "&branches%5B%5D=feature%2Fx&authors%5B%5D=me%40%2A&tag_operator=AND"
        "&environments%5B%5D=staging&pr_id=github%3Agithub.com%2Fshop%2Fweb%23482"
        f"&search=build%207&{SPAN}&status=RUNNING&status=FAILED&completion_state=COMPLETE"
        "&pr_search=%23482&order=run_count&dir=asc&limit=20&ending_before=abc",
        data=[],
    ),
    Row(
        "listProjectTerms",
        lambda c: c.projects.terms("tag"),
        "GET",
        "/projects/default/terms/tag?limit=50",
        data=[],
    ),
    Row(
        "listProjectTerms",
        lambda c: c.projects.terms(
            "ann_desc", "p", dir="asc", search="a b", page_size=100, start="abc"
        ),
        "GET",
        "/projects/p/terms/ann_desc?dir=asc&search=a%20b&limit=100&starting_after=abc",
        data=[],
    ),
]
