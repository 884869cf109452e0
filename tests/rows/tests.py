"""What the explorer of tests sends."""

from currents_async.models import AnnotationFilter, MetricSettings
from tests.rows.projects import DAY, LATER, NOON, SPAN
from tests.rows.row import Row

ROWS = [
    Row(
        "getTestsExplorer",
        lambda c: c.tests.list(date_start=DAY, date_end=DAY),
        "GET",
        "/tests/default?date_start=2026-01-02&date_end=2026-01-02&page=0&limit=50",
    ),
    Row(
        "getTestsExplorer",
        lambda c: c.tests.list(
            "p",
            date_start=NOON,
            date_end=LATER,
            tags=["a", "b"],
            branches=["main"],
            groups=["chrome"],
            authors=["me"],
            order="failRateXSamples",
            dir="desc",
            spec="cart.spec",
            title="is shown",
            min_executions=1,
            test_state=["passed", "failed"],
            metric_settings=MetricSettings(
                executions=["failed", "passed"], avg_duration=("passed",)
            ),
            annotations=[
                AnnotationFilter(type="owner", description=["Ann", "Bo"]),
                AnnotationFilter(type="slow"),
                AnnotationFilter(type="issue", description="#1"),
            ],
            page_size=500,
        ),
        "GET",
        f"/tests/p?{SPAN}&tags%5B%5D=a&tags%5B%5D=b&branches%5B%5D=main&groups%5B%5D=chrome"
        "&authors%5B%5D=me&order=failRateXSamples&dir=desc&spec=cart.spec&title=is%20shown"
        "&min_executions=1&test_state%5B%5D=passed&test_state%5B%5D=failed"
        "&metric_settings=%7B%22executions%22%3A%5B%22failed%22%2C%22passed%22%5D%2C"
        "%22avgDuration%22%3A%5B%22passed%22%5D%7D"
        "&annotations=%5B%7B%22type%22%3A%22owner%22%2C%22description%22%3A%5B%22Ann%22%2C%22Bo%22"
        "%5D%7D%2C%7B%22type%22%3A%22slow%22%7D%2C%7B%22type%22%3A%22issue%22%2C"
        "%22description%22%3A%22%231%22%7D%5D&page=0&limit=500",
    ),
    Row(
        "getTestsExplorer",
        lambda c: c.tests.list(
            date_start=DAY,
            date_end=DAY,
            metric_settings=MetricSettings(
                flakiness_rate=["pending"], failure_rate=["failed", "skipped"]
            ),
        ),
        "GET",
        "/tests/default?date_start=2026-01-02&date_end=2026-01-02"
        "&metric_settings=%7B%22flakinessRate%22%3A%5B%22pending%22%5D%2C%22failureRate%22%3A"
        "%5B%22failed%22%2C%22skipped%22%5D%7D&page=0&limit=50",
    ),
]
