"""What `webhooks` does, but for listening."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from currents_async import Currents
from currents_async.cli import _exit
from currents_async.cli._confirm import confirm
from currents_async.cli._options import Output
from currents_async.cli._output.printer import Printer
from currents_async.cli._webhooks.secrets import read_secret
from currents_async.models import DeletedWebhook, Webhook
from currents_async.models.webhooks import HookEventName

_SHOWN = ("hookId", "url", "hookEvents", "label", "headers")


async def list_webhooks(
    currents: Currents, *, project: str | None, show_secrets: bool, output: Output
) -> int:
    """List webhooks."""
    printer = Printer(Webhook, _SHOWN, output)
    found = await currents.webhooks.list(project)
    printer.all(found if show_secrets else map(_masked, found))
    return _exit.OK


async def create(
    currents: Currents,
    *,
    url: str,
    events: Sequence[HookEventName],
    label: str | None,
    secret_header: str | None,
    project: str | None,
    output: Output,
) -> int:
    """Create a webhook, and print it."""
    printer = Printer(Webhook, _SHOWN, output)
    created = await currents.webhooks.create(
        url,
        headers=read_secret(secret_header),
        hook_events=events or None,
        label=label,
        project_id=project,
    )
    printer.one(_masked(created))
    return _exit.OK


async def update(
    currents: Currents,
    *,
    hook_id: str,
    url: str | None,
    events: Sequence[HookEventName],
    label: str | None,
    secret_header: str | None,
    output: Output,
) -> int:
    """Change a webhook, and print it."""
    printer = Printer(Webhook, _SHOWN, output)
    updated = await currents.webhooks.update(
        hook_id,
        url=UNSET if url is None else url,
        headers=UNSET if secret_header is None else read_secret(secret_header),
        hook_events=events or UNSET,
        label=UNSET if label is None else label,
    )
    printer.one(_masked(updated))
    return _exit.OK


async def delete(currents: Currents, *, hook_id: str, yes: bool, output: Output) -> int:
    """Delete a webhook, and print what the service says."""
    printer = Printer(DeletedWebhook, ("hookId", "projectId"), output)
    if not confirm(f"Delete webhook {hook_id}?", yes=yes):
        return _exit.FAILED
    printer.one(await currents.webhooks.delete(hook_id))
    return _exit.OK


def _masked(webhook: Webhook) -> Webhook:
    """Return a webhook without the values of its headers, which are secrets."""
    if webhook.headers_json is None:
        return webhook
    names = dict.fromkeys(webhook.headers, "***")
    return msgspec.structs.replace(webhook, headers_json=msgspec.json.encode(names).decode())
