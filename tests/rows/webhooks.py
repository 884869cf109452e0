"""What the operations of webhooks send."""

from tests.rows.row import Row

WEBHOOK = {"hookId": "h"}

ROWS = [
    Row("listWebhooks", lambda c: c.webhooks.list(), "GET", "/webhooks?projectId=default", data=[]),
    Row(
        "listWebhooks",
        lambda c: c.webhooks.list("p q"),
        "GET",
        "/webhooks?projectId=p%20q",
        data=[WEBHOOK],
    ),
    Row(
        "createWebhook",
        lambda c: c.webhooks.create("https://example.com/h"),
        "POST",
        "/webhooks?projectId=default",
        b'{"url":"https://example.com/h"}',
        data=WEBHOOK,
        status=201,
    ),
    Row(
        "createWebhook",
        lambda c: c.webhooks.create(
            "https://example.com/h",
            headers={"X-Secret": 'a"b', "X-Empty": ""},
            hook_events=["RUN_FINISH", "RUN_START", "RUN_TIMEOUT", "RUN_CANCELED"],
            label="bot",
            project_id="p",
        ),
        "POST",
        "/webhooks?projectId=p",
        b'{"url":"https://example.com/h",'
        b'"headers":"{\\"X-Secret\\":\\"a\\\\\\"b\\",\\"X-Empty\\":\\"\\"}",'
        b'"hookEvents":["RUN_FINISH","RUN_START","RUN_TIMEOUT","RUN_CANCELED"],"label":"bot"}',
        data=WEBHOOK,
        status=201,
    ),
    Row("getWebhook", lambda c: c.webhooks.get("h"), "GET", "/webhooks/h", data=WEBHOOK),
    Row(
        "updateWebhook",
        lambda c: c.webhooks.update("h", hook_events=[]),
        "PUT",
        "/webhooks/h",
        b'{"hookEvents":[]}',
        data=WEBHOOK,
    ),
    Row(
        "updateWebhook",
        lambda c: c.webhooks.update("h", headers=None, label=None),
        "PUT",
        "/webhooks/h",
        b'{"headers":null,"label":null}',
        data=WEBHOOK,
    ),
    Row(
        "updateWebhook",
        lambda c: c.webhooks.update(
            "h",
            url="https://example.com/other",
            headers={"X-Secret": "s"},
            hook_events=["RUN_FINISH"],
            label="l",
        ),
        "PUT",
        "/webhooks/h",
        b'{"url":"https://example.com/other","headers":"{\\"X-Secret\\":\\"s\\"}",'
        b'"hookEvents":["RUN_FINISH"],"label":"l"}',
        data=WEBHOOK,
    ),
    Row("deleteWebhook", lambda c: c.webhooks.delete("h"), "DELETE", "/webhooks/h"),
]
