"""What the operations of attachments and sessions send."""

from typing import Any

from currents_async.models import CIBuild, Commit, NewAttachment
from tests.rows.row import Row

LOG = NewAttachment(name="a.log", content_type="text/plain; charset=utf-8", size_bytes=1)
LOG_JSON = (
    b'{"name":"a.log","type":"attachment","contentType":"text/plain; charset=utf-8","sizeBytes":1}'
)
TRACE = NewAttachment(
    name="t.zip",
    type="trace",
    content_type="application/zip",
    size_bytes=1024**3,
    caption="the\nlast",
    meta={"browser": "webkit"},
)
TRACE_JSON = (
    b'{"name":"t.zip","type":"trace","contentType":"application/zip","sizeBytes":1073741824,'
    b'"caption":"the\\nlast","meta":{"browser":"webkit"}}'
)
RUN: dict[str, Any] = {"data": {"runId": "r"}, "status": 201}
SESSION: dict[str, Any] = {"data": {"sessionId": "s"}, "status": 201}

ROWS = [
    Row(
        "addRunAttachments",
        lambda c: c.runs.add_attachments("r", [LOG]),
        "POST",
        "/runs/r/attachments",
        b'{"attachments":[' + LOG_JSON + b"]}",
        **RUN,
    ),
    Row(
        "addRunAttachments",
        lambda c: c.runs.add_attachments(
            "r", (LOG, TRACE), spec="a.ts", group_id="g", test_title="a > b", attempt=0
        ),
        "POST",
        "/runs/r/attachments",
        b'{"spec":"a.ts","groupId":"g","testTitle":"a > b","attempt":0,"attachments":['
        + LOG_JSON
        + b","
        + TRACE_JSON
        + b"]}",
        **RUN,
    ),
    Row(
        "addRunAttachmentsByCI",
        lambda c: c.runs.add_attachments_by_ci(
            [LOG], ci_build_id="b", instance_id="i", test_id="t", machine_id="m"
        ),
        "POST",
        "/runs/attachments",
        b'{"projectId":"default","ciBuildId":"b","instanceId":"i","testId":"t","machineId":"m",'
        b'"attachments":[' + LOG_JSON + b"]}",
        **RUN,
    ),
    Row(
        "addRunAttachmentsByCI",
        lambda c: c.runs.add_attachments_by_ci(
            [LOG], project_id="p", ci=CIBuild(params={"runId": 1}), record_key="secret"
        ),
        "POST",
        "/runs/attachments",
        b'{"projectId":"p","ci":{"provider":null,"params":{"runId":1}},"attachments":['
        + LOG_JSON
        + b"]}",
        **RUN,
    ),
    Row(
        "createSession",
        lambda c: c.sessions.create("t", "passed"),
        "POST",
        "/sessions",
        b'{"projectId":"default","title":"t","status":"passed"}',
        **SESSION,
    ),
    Row(
        "createSession",
        lambda c: c.sessions.create(
            "t",
            "failed",
            project_id="p",
            error="no\nway",
            duration_ms=0,
            tags=["a"],
            commit=Commit(sha="f", author_name="A", message="m\n", default_branch="main"),
            pr_link="https://example.com/1",
            ci=CIBuild(provider="github"),
            attachments=[NewAttachment(name="n", content_type="a/b", size_bytes=None)],
        ),
        "POST",
        "/sessions",
        b'{"projectId":"p","title":"t","status":"failed","error":"no\\nway","durationMs":0,'
        b'"tags":["a"],"commit":{"sha":"f","authorName":"A","message":"m\\n"},'
        b'"pr":{"link":"https://example.com/1"},"ci":{"provider":"github","params":{}},'
        b'"attachments":[{"name":"n","type":"attachment","contentType":"a/b"}]}',
        **SESSION,
    ),
    Row(
        "addSessionAttachments",
        lambda c: c.sessions.add_attachments("s#1", [TRACE]),
        "POST",
        "/sessions/s%231/attachments",
        b'{"attachments":[' + TRACE_JSON + b"]}",
        **SESSION,
    ),
]
