"""What the operation of context sends."""

from tests.rows.row import Row

ROWS = [
    Row(
        "getContext",
        lambda c: c.context.get(run_id="r"),
        "GET",
        "/context?run_id=r&format=json",
    ),
    Row(
        "getContext",
        lambda c: c.context.get(run_id="r", instance_id="i", detail="summary", limit=50, page=0),
        "GET",
        "/context?run_id=r&instance_id=i&format=json&detail=summary&limit=50&page=0",
    ),
    Row(
        "getContext",
        lambda c: c.context.get(run_id="r", include_flaky=True),
        "GET",
        "/context?run_id=r&format=json&include_flaky=true",
    ),
    Row(
        "getContext",
        lambda c: c.context.get(instance_id="i", test_id="t 1", attempt=0),
        "GET",
        "/context?instance_id=i&test_id=t%201&attempt=0&format=json",
    ),
    Row(
        "getContext",
        lambda c: c.context.markdown(run_id="r"),
        "GET",
        "/context?run_id=r&format=md",
        content=b"# Failures\n",
    ),
    Row(
        "getContext",
        lambda c: c.context.markdown(
            instance_id="i",
            test_id="t",
            attempt=2,
            detail="compact",
            limit=1,
            page=3,
            include_flaky=False,
            max_length=50_000,
        ),
        "GET",
        "/context?instance_id=i&test_id=t&attempt=2&format=md&detail=compact&limit=1&page=3"
        "&include_flaky=false&max_length=50000",
        content="# Ausfälle\n".encode(),
    ),
]
