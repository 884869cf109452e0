"""`webhooks`: URLs that the service calls when runs begin or end."""

import os
from typing import Annotated

import msgspec
from cyclopts import App, Parameter
from cyclopts.validators import Number
from msgspec import UNSET

from currents_async.cli import _exit
from currents_async.cli._confirm import confirm
from currents_async.cli._options import COMMON, CommonOptions, Flag, Project, Several, Yes
from currents_async.cli._output import OUTPUT, Output
from currents_async.cli._output.columns import Column
from currents_async.errors import InvalidArgumentError
from currents_async.models import DeletedWebhook, HookEventName, Webhook

app = App(name="webhooks")

HookID = Annotated[str, Parameter(help="The ID of the webhook.")]
CalledURL = Annotated[str, Parameter(help="The URL to be called.")]
Label = Annotated[str, Parameter(help="What it is called.")]
ShowSecrets = Annotated[
    Flag, Parameter(help="Print the values of the headers that calls carry, instead of ***.")
]
Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]

_VARIABLE = "CURRENTS_WEBHOOK_SECRET"
_SHOWN: tuple[Column[Webhook], ...] = (
    Column("id", lambda hook: hook.hook_id, "id"),
    Column("url", lambda hook: hook.url),
    Column("label", lambda hook: hook.label, rank=2),
    Column("events", lambda hook: [_typed(event) for event in hook.hook_events], rank=1),
    Column("headers", lambda hook: hook.headers, rank=3),
)


@app.command(name="list")
async def list_webhooks(
    *,
    project: Project | None = None,
    show_secrets: ShowSecrets = False,
    common: CommonOptions = COMMON,
) -> None:
    """List the webhooks of a project.

    currents-async webhooks list

    currents-async webhooks list --show-secrets -o json

    """
    async with common.open(Webhook, _SHOWN, nothing="no webhooks") as (currents, printer):
        found = await currents.webhooks.list(project)
        printer.all(found if show_secrets else map(_masked, found))


@app.command
async def get(
    hook_id: HookID, /, *, show_secrets: ShowSecrets = False, common: CommonOptions = COMMON
) -> None:
    """Fetch a webhook.

    currents-async webhooks get HOOK_ID

    currents-async webhooks get HOOK_ID --show-secrets -o json

    """
    async with common.open(Webhook, _SHOWN) as (currents, printer):
        found = await currents.webhooks.get(hook_id)
        printer.one(found if show_secrets else _masked(found))


@app.command
async def create(
    url: CalledURL,
    /,
    *,
    event: Several[HookEventName] = (),
    label: Label | None = None,
    secret_header: str | None = None,
    project: Project | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """Create a webhook.

    currents-async webhooks create https://example.com/hook

    currents-async webhooks create https://example.com/hook --event run-finish --label CI
    --secret-header X-Secret

    Parameters
    ----------
    event
        What it is called for; several can be given. By default what the service chooses.
    secret_header
        A header that calls carry, with the secret that is in CURRENTS_WEBHOOK_SECRET.

    """
    async with common.open(Webhook, _SHOWN) as (currents, printer):
        created = await currents.webhooks.create(
            url,
            headers=read_secret(secret_header),
            hook_events=event or None,
            label=label,
            project_id=project,
        )
        printer.one(_masked(created))


@app.command
async def update(
    hook_id: HookID,
    /,
    *,
    url: CalledURL | None = None,
    event: Several[HookEventName] = (),
    label: Label | None = None,
    secret_header: str | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """Change what is passed of a webhook, and leave the rest.

    currents-async webhooks update HOOK_ID --label CI

    currents-async webhooks update HOOK_ID --url https://example.com/hook --event run-finish

    Parameters
    ----------
    event
        What it is called for; several can be given.
    secret_header
        A header that calls carry instead of those they had, with the secret that is in
        CURRENTS_WEBHOOK_SECRET.

    """
    async with common.open(Webhook, _SHOWN) as (currents, printer):
        updated = await currents.webhooks.update(
            hook_id,
            url=UNSET if url is None else url,
            headers=UNSET if secret_header is None else read_secret(secret_header),
            hook_events=event or UNSET,
            label=UNSET if label is None else label,
        )
        printer.one(_masked(updated))


@app.command
async def delete(hook_id: HookID, /, *, yes: Yes = False, common: CommonOptions = COMMON) -> int:
    """Delete a webhook. Asks first; where there is no terminal it needs --yes.

    currents-async webhooks delete HOOK_ID

    currents-async webhooks delete HOOK_ID --yes

    """
    async with common.open(DeletedWebhook, "hookId, projectId") as (currents, printer):
        if not confirm(f"Delete webhook {hook_id}?", yes=yes):
            return _exit.FAILED
        printer.one(await currents.webhooks.delete(hook_id))
    return _exit.OK


@app.command
async def listen(
    *,
    host: str = "127.0.0.1",
    port: Port = 8080,
    path: str = "/webhooks/currents",
    secret_header: str | None = None,
    insecure: Flag = False,
    output: Output = OUTPUT,
) -> None:
    """Print the events that webhooks deliver, as they arrive, until Ctrl-C.

    Deliveries without the secret, old ones and repeated ones are refused. Needs no API key.

    currents-async webhooks listen --port 9000 --secret-header X-Secret

    currents-async webhooks listen --insecure -o json

    Parameters
    ----------
    host
        The address to listen on; 0.0.0.0 lets other machines in.
    port
        The port to listen on; 0 is any that is free.
    path
        The path of the URL that is called.
    secret_header
        The header that has to carry the secret, which is in CURRENTS_WEBHOOK_SECRET.
    insecure
        Accept deliveries from anyone: for development.

    """
    # Here, since --help does without a server.
    from currents_async.cli._listen import print_events  # noqa: PLC0415

    if secret_header is None and not insecure:
        raise InvalidArgumentError("pass --secret-header, or --insecure to let anyone in")
    secret = read_secret(secret_header)
    await print_events(host, port, path, secret=secret, insecure=insecure, output=output)


def read_secret(header: str | None) -> dict[str, str] | None:
    """Return the header with the secret of the environment, or None for no header."""
    if header is None:
        return None
    secret = os.environ.get(_VARIABLE)
    if not secret:
        raise InvalidArgumentError(f"no secret for the header {header!r}: set {_VARIABLE}")
    return {header: secret}


def _typed(event: str) -> str:
    """Return an event as it is typed after --event."""
    return event.lower().replace("_", "-")


def _masked(webhook: Webhook) -> Webhook:
    """Return a webhook without the values of its headers, which are secrets."""
    if webhook.headers_json is None:
        return webhook
    names = dict.fromkeys(webhook.headers, "***")
    return msgspec.structs.replace(webhook, headers_json=msgspec.json.encode(names).decode())
