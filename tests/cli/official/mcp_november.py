"""What `@currents/mcp` of November 2026 sends that the release of August did not.

From the sources of its tools in https://github.com/currents-dev/currents-mcp, `mcp-server/src`; the
parameters of lists as `docs/api/operations.md` has them from there.
"""

from tests.cli.official.row import CURSORS, FETCH, RANGE, Client, Row

_FILE = '{"name":"log","type":"attachment","contentType":"text/plain","sizeBytes":7}'

MCP_NOVEMBER = Client(
    "mcp-2026-11",
    [
        Row("GET /projects/$project/runs?limit=10&environments%5B%5D=staging&search=FEATURE"),
        Row(f"GET /projects/$project/insights?{RANGE}&resolution=1d&environments%5B%5D=staging"),
        Row(
            "GET /projects/$project/pull-requests?limit=2&runs_per_pr=0&order=first_run&dir=asc",
            reads=("data[].recentRuns[].runId", "data[].timelinePreview", *CURSORS),
        ),
        Row(
            "GET /projects/$project/pull-requests?environments%5B%5D=staging&pr_id=1&search=a"
            f"&{RANGE}&completion_state=COMPLETE&status=PASSED&pr_search=%231"
        ),
        Row("GET /projects/$project/terms/branch?search=fea&limit=100", reads=CURSORS),
        Row(
            "GET /context?run_id=$run&format=json&detail=default&limit=10&page=0&include_flaky=true"
        ),
        Row("POST /share", '{"purpose":"fix","runId":"$run"}', 201, ("data.url", "data.pageUrl")),
        Row(
            "POST /instances/$instance/trace-link",
            '{"testId":"$test","ttlSeconds":60}',
            201,
            ("data.url", "data.expiresAt"),
        ),
        Row(
            "POST /runs/$run/attachments",
            f'{{"attachments":[{_FILE}]}}',
            201,
            ("data.attachments[].attachmentId", "data.attachments[].uploadUrl"),
        ),
    ],
    headers={
        "User-Agent": "currents-app/2.4.2 (standalone; stdio)",
        "Accept": "application/json",
        **FETCH,
    },
    write_headers={"Content-Type": "application/json"},
)
