"""What `actions` takes."""

from functools import partial
from typing import Annotated, Literal

from cyclopts import App, Parameter

from currents_async.cli._options import CONNECTION, OUTPUT, Connection, File, Output, Yes

actions = App(name="actions", help="Rules that skip, quarantine or tag tests.")

Status = Literal["active", "disabled", "archived", "expired"]


@actions.command(name="list")
def list_actions(
    *,
    project: str | None = None,
    statuses: Annotated[
        tuple[Status, ...], Parameter(name="--status", negative="", show_default=False)
    ] = (),
    search: str | None = None,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """List the actions of a project.

    Parameters
    ----------
    project
        The ID of the project; else CURRENTS_PROJECT_ID, else the profile's.
    statuses
        Only actions of this status; several can be given.
    search
        Only actions with this text in their name.

    """
    from currents_async.cli._actions import work  # noqa: PLC0415
    from currents_async.cli._answer import answer  # noqa: PLC0415

    return answer(
        connection,
        partial(
            work.list_actions, project=project, statuses=statuses, search=search, output=output
        ),
    )


@actions.command
def get(action_id: str, /, *, connection: Connection = CONNECTION, output: Output = OUTPUT) -> int:
    """Fetch an action.

    Parameters
    ----------
    action_id
        The action to fetch.

    """
    from currents_async.cli._actions import work  # noqa: PLC0415
    from currents_async.cli._answer import answer  # noqa: PLC0415

    return answer(connection, partial(work.get, action_id=action_id, output=output))


@actions.command
def create(
    file: File,
    /,
    *,
    project: str | None = None,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Create an action, which applies at once, from JSON with name, action and matcher.

    It is what the API takes, and what `actions get -o json` prints:
    {"name": "Checkout is flaky", "action": [{"op": "quarantine"}],
    "matcher": {"op": "AND", "cond": [{"type": "file", "op": "eq", "value": "checkout.spec.ts"}]}}

    Parameters
    ----------
    file
        The file with the JSON; - is stdin.
    project
        The ID of the project; else CURRENTS_PROJECT_ID, else the profile's.

    """
    from currents_async.cli._actions import work  # noqa: PLC0415
    from currents_async.cli._answer import answer  # noqa: PLC0415

    return answer(connection, partial(work.create, file=file, project=project, output=output))


@actions.command
def enable(
    action_id: str, /, *, connection: Connection = CONNECTION, output: Output = OUTPUT
) -> int:
    """Let an action apply again.

    Parameters
    ----------
    action_id
        The action to enable.

    """
    from currents_async.cli._actions import work  # noqa: PLC0415
    from currents_async.cli._answer import answer  # noqa: PLC0415

    return answer(connection, partial(work.enable, action_id=action_id, output=output))


@actions.command
def disable(
    action_id: str, /, *, connection: Connection = CONNECTION, output: Output = OUTPUT
) -> int:
    """Keep an action, and do not let it apply.

    Parameters
    ----------
    action_id
        The action to disable.

    """
    from currents_async.cli._actions import work  # noqa: PLC0415
    from currents_async.cli._answer import answer  # noqa: PLC0415

    return answer(connection, partial(work.disable, action_id=action_id, output=output))


@actions.command
def delete(
    action_id: str,
    /,
    *,
    yes: Yes = False,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Archive an action for good. Asks first; where there is no terminal it needs --yes.

    Parameters
    ----------
    action_id
        The action to archive.
    yes
        Do not ask.

    """
    from currents_async.cli._actions import work  # noqa: PLC0415
    from currents_async.cli._answer import answer  # noqa: PLC0415

    return answer(connection, partial(work.delete, action_id=action_id, yes=yes, output=output))
