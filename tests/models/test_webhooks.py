from datetime import UTC, datetime

import msgspec
import pytest

from currents_async._wire.decoders import EnvelopeDecoder
from currents_async.models import DeletedWebhook, HookEvent, Webhook
from tests.support import HOOK

SECRET = "a-very-secret-token"


def decoded(**fields: object) -> list[Webhook]:
    """Webhooks as the client decodes them."""
    decoder = EnvelopeDecoder(list[Webhook])
    decoder.feed(msgspec.json.encode({"status": "OK", "data": [{"hookId": HOOK, **fields}]}))
    return decoder.flush()[1]


def test_everything_that_is_documented() -> None:
    [webhook] = decoded(
        projectId="p",
        url="https://example.com/h",
        headers='{"X-Secret": "s", "X-Other": "ü"}',
        hookEvents=["RUN_FINISH", "RUN_START", "RUN_TIMEOUT", "RUN_CANCELED"],
        label="bot",
        createdAt="2026-01-02T03:04:05.678Z",
        updatedAt="2026-01-03T03:04:05.678Z",
    )
    assert webhook == Webhook(
        hook_id=HOOK,
        project_id="p",
        url="https://example.com/h",
        headers_json='{"X-Secret": "s", "X-Other": "ü"}',
        hook_events=tuple(HookEvent),
        label="bot",
        created_at=datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC),
        updated_at=datetime(2026, 1, 3, 3, 4, 5, 678_000, UTC),
    )
    assert webhook.headers == {"X-Secret": "s", "X-Other": "ü"}


@pytest.mark.parametrize("text", [None, "", "{}", "no JSON", "[]", '{"a": 1}', "null"])
def test_no_headers(text: str | None) -> None:
    [webhook] = decoded(headers=text)
    assert webhook.headers == {}
    assert webhook.headers_json == text


@pytest.mark.parametrize(
    "field", ["projectId", "url", "headers", "hookEvents", "label", "createdAt"]
)
def test_null_is_absent(field: str) -> None:
    assert decoded(**{field: None}) == decoded()


def test_unknown_values() -> None:
    [webhook] = decoded(hookEvents=["RUN_FINISH", "RUN_PAUSED"], paused=True)
    assert webhook.hook_events == ("RUN_FINISH", "RUN_PAUSED")
    assert webhook.extra == {"paused": True}
    plain = webhook.to_dict()
    assert plain["hookEvents"] == ["RUN_FINISH", "RUN_PAUSED"]
    assert plain["paused"] is True


def test_secrets_are_not_shown() -> None:
    headers = msgspec.json.encode({"Authorization": f"Bearer {SECRET}"}).decode()
    webhooks = decoded(headers=headers, label="bot")
    [webhook] = webhooks
    for shown in (repr(webhooks), str(webhook), f"{webhook}", repr(webhook.__rich_repr__())):
        assert SECRET not in shown
        assert "bot" in shown
        assert "'[secret]'" in shown
    assert "headers_json=None" in repr(Webhook(hook_id="h"))
    assert webhook.headers == {"Authorization": f"Bearer {SECRET}"}
    assert webhook.to_dict()["headers"] == headers


def test_deleted() -> None:
    deleted = msgspec.convert({"hookId": "h", "projectId": "p"}, DeletedWebhook)
    assert deleted == DeletedWebhook(hook_id="h", project_id="p")
