"""What `webhooks` takes."""

from functools import partial
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from currents_async.cli._options import CONNECTION, OUTPUT, Connection, Flag, Output, Yes

webhooks = App(name="webhooks", help="URLs that the service calls when runs begin or end.")

Event = Literal["RUN_FINISH", "RUN_START", "RUN_TIMEOUT", "RUN_CANCELED"]
Events = Annotated[tuple[Event, ...], Parameter(name="--event", negative="", show_default=False)]
Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]


@webhooks.command(name="list")
def list_webhooks(
    *,
    project: str | None = None,
    show_secrets: Flag = False,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """List the webhooks of a project.

    Parameters
    ----------
    project
        The ID of the project; else CURRENTS_PROJECT_ID, else the profile's.
    show_secrets
        Print the values of the headers that calls carry, instead of ***.

    """
    from currents_async.cli._answer import answer  # noqa: PLC0415
    from currents_async.cli._webhooks import work  # noqa: PLC0415

    return answer(
        connection,
        partial(work.list_webhooks, project=project, show_secrets=show_secrets, output=output),
    )


@webhooks.command
def create(
    url: str,
    /,
    *,
    events: Events = (),
    label: str | None = None,
    secret_header: str | None = None,
    project: str | None = None,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Create a webhook.

    Parameters
    ----------
    url
        The URL to be called.
    events
        What it is called for; several can be given. By default what the service chooses.
    label
        What it is called.
    secret_header
        A header that calls carry, with the secret that is in CURRENTS_WEBHOOK_SECRET.
    project
        The ID of the project; else CURRENTS_PROJECT_ID, else the profile's.

    """
    from currents_async.cli._answer import answer  # noqa: PLC0415
    from currents_async.cli._webhooks import work  # noqa: PLC0415

    return answer(
        connection,
        partial(
            work.create,
            url=url,
            events=events,
            label=label,
            secret_header=secret_header,
            project=project,
            output=output,
        ),
    )


@webhooks.command
def update(
    hook_id: str,
    /,
    *,
    url: str | None = None,
    events: Events = (),
    label: str | None = None,
    secret_header: str | None = None,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Change what is passed of a webhook, and leave the rest.

    Parameters
    ----------
    hook_id
        The webhook to change.
    url
        The URL to be called.
    events
        What it is called for; several can be given.
    label
        What it is called.
    secret_header
        A header that calls carry instead of those they had, with the secret that is in
        CURRENTS_WEBHOOK_SECRET.

    """
    from currents_async.cli._answer import answer  # noqa: PLC0415
    from currents_async.cli._webhooks import work  # noqa: PLC0415

    return answer(
        connection,
        partial(
            work.update,
            hook_id=hook_id,
            url=url,
            events=events,
            label=label,
            secret_header=secret_header,
            output=output,
        ),
    )


@webhooks.command
def delete(
    hook_id: str,
    /,
    *,
    yes: Yes = False,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Delete a webhook. Asks first; where there is no terminal it needs --yes.

    Parameters
    ----------
    hook_id
        The webhook to delete.
    yes
        Do not ask.

    """
    from currents_async.cli._answer import answer  # noqa: PLC0415
    from currents_async.cli._webhooks import work  # noqa: PLC0415

    return answer(connection, partial(work.delete, hook_id=hook_id, yes=yes, output=output))


@webhooks.command
def listen(
    *,
    host: str = "127.0.0.1",
    port: Port = 8080,
    path: str = "/webhooks/currents",
    secret_header: str | None = None,
    insecure: Flag = False,
    output: Output = OUTPUT,
) -> int:
    """Print the events that webhooks tell of, as they come, until Ctrl-C.

    Deliveries without the secret, old ones and repeated ones are refused. Needs no API key.

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
        Take deliveries from anybody: for development.

    """
    from currents_async.cli._execute import execute  # noqa: PLC0415
    from currents_async.cli._webhooks.listening import Address  # noqa: PLC0415
    from currents_async.cli._webhooks.listening import listen as start  # noqa: PLC0415

    return execute(
        start(
            Address(host, port, path),
            secret_header=secret_header,
            insecure=insecure,
            output=output,
        )
    )
