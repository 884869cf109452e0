"""What the operations of shares send."""

from tests.rows.row import Row

SHARE = {"url": "https://share.example.com/ai/x.md"}

ROWS = [
    Row(
        "createShare",
        lambda c: c.shares.create("report", run_id="r"),
        "POST",
        "/share",
        b'{"purpose":"report","runId":"r"}',
        data=SHARE,
        status=201,
    ),
    Row(
        "createShare",
        lambda c: c.shares.create("fix", run_id="r", instance_id="i", expires_in_days=3),
        "POST",
        "/share",
        b'{"purpose":"fix","runId":"r","instanceId":"i","expiresInDays":3}',
        data=SHARE,
        status=201,
    ),
    Row(
        "createShare",
        lambda c: c.shares.create("fix", instance_id="i", test_id="t", attempt=0),
        "POST",
        "/share",
        b'{"purpose":"fix","instanceId":"i","testId":"t","attempt":0}',
        data=SHARE,
        status=201,
    ),
    Row(
        "createShare",
        lambda c: c.shares.create("report", session_id="s"),
        "POST",
        "/share",
        b'{"purpose":"report","sessionId":"s"}',
        data=SHARE,
        status=201,
    ),
]
