"""What the operations of webhooks send."""

from tests.rows.row import Row
from tests.support import HOOK

WEBHOOK = {"hookId": HOOK}

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
    Row("getWebhook", lambda c: c.webhooks.get(HOOK), "GET", f"/webhooks/{HOOK}", data=WEBHOOK),
    Row(
        "updateWebhook",
        lambda c: c.webhooks.update(HOOK, hook_events=[]),
        "PUT",
        f"/webhooks/{HOOK}",
        b'{"hookEvents":[]}',
        data=WEBHOOK,
    ),
    Row(
        "updateWebhook",
        lambda c: c.webhooks.update(HOOK, headers=None, label=None),
        "PUT",
        f"/webhooks/{HOOK}",
        b'{"headers":null,"label":null}',
        data=WEBHOOK,
    ),
    Row(
        "updateWebhook",
        lambda c: c.webhooks.update(
            HOOK,
            url="https://example.com/other",
            headers={"X-Secret": "s"},
            hook_events=["RUN_FINISH"],
            label="l",
        ),
        "PUT",
        f"/webhooks/{HOOK}",
        b'{"url":"https://example.com/other","headers":"{\\"X-Secret\\":\\"s\\"}",'
        b'"hookEvents":["RUN_FINISH"],"label":"l"}',
        data=WEBHOOK,
    ),
    Row("deleteWebhook", lambda c: c.webhooks.delete(HOOK), "DELETE", f"/webhooks/{HOOK}"),
]
