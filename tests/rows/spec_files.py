"""What the explorer of spec files sends."""

from tests.rows.projects import DAY, LATER, NOON, SPAN
from tests.rows.row import Row

ROWS = [
    Row(
        "getSpecFiles",
        lambda c: c.spec_files.list(date_start=DAY, date_end=DAY),
        "GET",
        "/spec-files/default?date_start=2026-01-02&date_end=2026-01-02&page=0&limit=50",
    ),
    Row(
        "getSpecFiles",
        lambda c: c.spec_files.list(
            "p",
            date_start=NOON,
            date_end=LATER,
            tags=["a", "b"],
            branches=["main"],
            groups=["chrome"],
            authors=["me"],
            order="flakeRate",
            dir="asc",
            spec_name_filter="cart/",
            include_failed_in_duration=False,
            page_size=20,
        ),
        "GET",
        f"/spec-files/p?{SPAN}&tags%5B%5D=a&tags%5B%5D=b&branches%5B%5D=main"
        "&groups%5B%5D=chrome&authors%5B%5D=me&order=flakeRate&dir=asc&specNameFilter=cart%2F"
        "&includeFailedInDuration=false&page=0&limit=20",
    ),
]
