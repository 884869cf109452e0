"""What the operation of signatures sends."""

from tests.rows.row import Row

ROWS = [
    Row(
        "getTestSignature",
        lambda c: c.signatures.get("a.spec.ts", "is shown"),
        "POST",
        "/signature/test",
        b'{"projectId":"default","specFilePath":"a.spec.ts","testTitle":"is shown"}',
        data={"signature": "5f"},
    ),
    Row(
        "getTestSignature",
        lambda c: c.signatures.get("e2e/a.spec.ts", ("Cart", "is shown"), "p"),
        "POST",
        "/signature/test",
        b'{"projectId":"p","specFilePath":"e2e/a.spec.ts","testTitle":["Cart","is shown"]}',
        data={"signature": "5f"},
    ),
]
