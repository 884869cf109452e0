"""What the operations of trace links send."""

from tests.rows.row import Row

LINK = {"url": "https://trace.example.com/x"}

ROWS = [
    Row(
        "createTraceLink",
        lambda c: c.traces.link("i", "t"),
        "POST",
        "/instances/i/trace-link",
        b'{"testId":"t"}',
        data=LINK,
        status=201,
    ),
    Row(
        "createTraceLink",
        lambda c: c.traces.link("i#1", "t", attempt=0, artifact_name="my trace", ttl_seconds=60),
        "POST",
        "/instances/i%231/trace-link",
        b'{"testId":"t","attemptIndex":0,"artifactName":"my trace","ttlSeconds":60}',
        data=LINK,
        status=201,
    ),
    Row(
        "createSessionTraceLink",
        lambda c: c.traces.session_link("s", "a"),
        "POST",
        "/sessions/s/attachments/a/trace-link",
        b"{}",
        data=LINK,
        status=201,
    ),
    Row(
        "createSessionTraceLink",
        lambda c: c.traces.session_link("s", "a", ttl_seconds=604_800),
        "POST",
        "/sessions/s/attachments/a/trace-link",
        b'{"ttlSeconds":604800}',
        data=LINK,
        status=201,
    ),
]
