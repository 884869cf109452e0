"""What the list of a test's results sends."""

from currents_async.models import AnnotationFilter
from tests.rows.projects import DAY, LATER, NOON, SPAN
from tests.rows.row import Row

ROWS = [
    Row(
        "getTestResults",
        lambda c: c.test_results.list("5f", date_start=DAY, date_end=DAY),
        "GET",
        "/test-results/5f?date_start=2026-01-02&date_end=2026-01-02&limit=50",
        data=[],
    ),
    Row(
        "getTestResults",
        lambda c: c.test_results.list(
            "5f",
            date_start=NOON,
            date_end=LATER,
            tags=["a", "b"],
            branches=["main"],
            authors=["me"],
            groups=["chrome"],
            status=["failed", "pending"],
            flaky=True,
            annotations=[AnnotationFilter(type="owner")],
            page_size=100,
            start="abc",
        ),
        "GET",
        f"/test-results/5f?{SPAN}&tags%5B%5D=a&tags%5B%5D=b&branches%5B%5D=main"
        "&authors%5B%5D=me&groups%5B%5D=chrome&status%5B%5D=failed&status%5B%5D=pending&flaky=true"
        "&annotations=%5B%7B%22type%22%3A%22owner%22%7D%5D&limit=100&starting_after=abc",
        data=[],
    ),
    Row(
        "getTestResults",
        lambda c: c.test_results.list(
            "5f", date_start=DAY, date_end=DAY, flaky=False, start="abc", reverse=True
        ),
        "GET",
        "/test-results/5f?date_start=2026-01-02&date_end=2026-01-02&flaky=false&limit=50"
        "&ending_before=abc",
        data=[],
    ),
]
