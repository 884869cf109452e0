"""What `@currents/mcp` 2.1.1 sends, from npm: eight tools, and old names of parameters."""

from tests.cli.official.row import CURSORS, DAYS, FETCH, PAGE, RANGE, Client, Row

_SPEC_FILES = f"GET /spec-files/$project?{RANGE}"
_TESTS = f"GET /tests/$project?{DAYS}"
_RESULTS = f"GET /test-results/$signature?{RANGE}"

MCP_2_1 = Client(
    "mcp-2.1.1",
    [
        Row("GET /projects", reads=CURSORS),
        Row("GET /projects/$project/runs?limit=50", reads=CURSORS),
        Row("GET /projects/$project/runs?limit=2&starting_after=$run_cursor", reads=CURSORS),
        Row("GET /runs/$run"),
        Row("GET /instances/$instance"),
        Row(f"{_SPEC_FILES}&order=avgDuration&dir=desc&limit=50&page=0", reads=PAGE),
        Row(
            f"{_SPEC_FILES}&order=failureRate&dir=asc&limit=5&page=1&specNameFilter=spec",
            reads=PAGE,
        ),
        Row(
            f"{_SPEC_FILES}&order=avgDuration&dir=desc&limit=50&page=0&tags=nightly&branches=main"
            "&authors=$author",
            reads=("data.list[].metrics",),
        ),
        # Two tags become one by mistake: no run has that, which is no error.
        Row(
            f"{_SPEC_FILES}&order=avgDuration&dir=desc&limit=50&page=0"
            "&tags=nightly%26tags%5B%5D%3Dsmoke&branches=main",
            reads=PAGE,
        ),
        Row(f"{_TESTS}&order=flakiness&dir=desc&limit=50&page=0", reads=PAGE),
        Row(
            f"{_TESTS}&order=duration&dir=desc&limit=50&page=0&spec=spec&test=a",
            reads=("data.list[].signature",),
        ),
        Row(
            f"{_TESTS}&order=duration&dir=desc&limit=50&page=0&tags=nightly&branches=main",
            reads=("data.list[].signature",),
        ),
        Row(
            f"GET /tests/$project?{RANGE}&spec=$spec&title=$title", reads=("data.list[].signature",)
        ),
        Row(f"{_RESULTS}&limit=50", reads=CURSORS),
        Row(f"{_RESULTS}&limit=1&starting_after=$result_cursor", reads=CURSORS),
        Row(f"{_RESULTS}&limit=50&status=failed", reads=CURSORS),
        Row(f"{_RESULTS}&limit=50&tag=nightly&branch=main&git_author=$author", reads=CURSORS),
        Row(f"{_RESULTS}&limit=50&tag=nightly%26tag%5B%5D%3Dci"),
    ],
    headers={"User-Agent": "currents-app/1.0", "Accept": "application/geo+json", **FETCH},
)
