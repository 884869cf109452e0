"""What the explorer of errors sends."""

from tests.rows.projects import DAY, LATER, NOON, SPAN
from tests.rows.row import Row

ROWS = [
    Row(
        "getErrorsExplorer",
        lambda c: c.errors.list(date_start=DAY, date_end=DAY),
        "GET",
        "/errors/default?date_start=2026-01-02&date_end=2026-01-02&page=0&limit=50",
    ),
    Row(
        "getErrorsExplorer",
        lambda c: c.errors.list(
            "p",
            date_start=NOON,
            date_end=LATER,
            tags=["a", "b"],
            tags_logical_operator="AND",
            branches=["main"],
            groups=["chrome"],
            authors=["me"],
            error_target="#buy > a",
            error_message="Timed out",
            error_category="timeout",
            error_action="click",
            order_by="tests",
            dir="asc",
            group_by=["message", "target"],
            metric="branch",
            top_n=50,
            page_size=100,
        ),
        "GET",
        f"/errors/p?{SPAN}&tags%5B%5D=a&tags%5B%5D=b&tags_logical_operator=AND"
        "&branches%5B%5D=main&groups%5B%5D=chrome&authors%5B%5D=me&error_target=%23buy%20%3E%20a"
        "&error_message=Timed%20out&error_category=timeout&error_action=click&order_by=tests"
        "&dir=asc&group_by%5B%5D=message&group_by%5B%5D=target&metric=branch&top_n=50"
        "&page=0&limit=100",
    ),
]
