"""What `actions` does."""

from collections.abc import Sequence

from currents_async import Currents
from currents_async.cli import _exit
from currents_async.cli._confirm import confirm
from currents_async.cli._options import Output, read_json, read_moment
from currents_async.cli._output.printer import Printer
from currents_async.models import Action, ArchivedAction, Effect, Matcher
from currents_async.models._model import Model
from currents_async.models.actions import ActionStatusFilter

_SHOWN = ("actionId", "name", "action.op", "status", "createdAt", "expiresAfter")
_CARD = (*_SHOWN, "description", "matcher")


class _New(Model, frozen=True, gc=False, kw_only=True):
    """What an action is made of; what else the service says of one does not matter."""

    name: str
    action: tuple[Effect, ...]
    matcher: Matcher
    description: str | None = None
    expires_after: str | None = None


async def list_actions(
    currents: Currents,
    *,
    project: str | None,
    statuses: Sequence[ActionStatusFilter],
    search: str | None,
    output: Output,
) -> int:
    """List actions."""
    printer = Printer(Action, _SHOWN, output)
    printer.all(await currents.actions.list(project, status=statuses, search=search))
    return _exit.OK


async def get(currents: Currents, *, action_id: str, output: Output) -> int:
    """Print an action."""
    printer = Printer(Action, _CARD, output)
    printer.one(await currents.actions.get(action_id))
    return _exit.OK


async def create(currents: Currents, *, file: str, project: str | None, output: Output) -> int:
    """Create an action, and print it."""
    printer = Printer(Action, _CARD, output)
    new = await read_json(file, _New)
    expires = None if new.expires_after is None else read_moment("expiresAfter", new.expires_after)
    created = await currents.actions.create(
        new.name,
        action=new.action,
        matcher=new.matcher,
        description=new.description,
        expires_after=expires,
        project_id=project,
    )
    printer.one(created)
    return _exit.OK


async def enable(currents: Currents, *, action_id: str, output: Output) -> int:
    """Enable an action, and print it."""
    printer = Printer(Action, _CARD, output)
    printer.one(await currents.actions.enable(action_id))
    return _exit.OK


async def disable(currents: Currents, *, action_id: str, output: Output) -> int:
    """Disable an action, and print it."""
    printer = Printer(Action, _CARD, output)
    printer.one(await currents.actions.disable(action_id))
    return _exit.OK


async def delete(currents: Currents, *, action_id: str, yes: bool, output: Output) -> int:
    """Archive an action, and print what the service says."""
    printer = Printer(ArchivedAction, ("actionId", "archived"), output)
    if not confirm(f"Archive action {action_id}?", yes=yes):
        return _exit.FAILED
    printer.one(await currents.actions.delete(action_id))
    return _exit.OK
