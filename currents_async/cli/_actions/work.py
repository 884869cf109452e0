"""What `actions` does."""

import asyncio
from collections.abc import Sequence
from functools import partial

from currents_async import Currents
from currents_async._resources.actions import ActionStatusFilter
from currents_async.cli import _exit
from currents_async.cli._confirm import confirm
from currents_async.cli._input import read_json
from currents_async.cli._moments import read_moment
from currents_async.cli._options import Output
from currents_async.cli._output.sheet import Sheet
from currents_async.models import Action, ArchivedAction, Effect, Matcher
from currents_async.models._model import Model

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
    sheet = Sheet(Action, _SHOWN, output)
    sheet.fill_with(await currents.actions.list(project, status=statuses, search=search))
    return _exit.OK


async def get(currents: Currents, *, action_id: str, output: Output) -> int:
    """Print an action."""
    sheet = Sheet(Action, _CARD, output)
    sheet.fill_in(await currents.actions.get(action_id))
    return _exit.OK


async def create(currents: Currents, *, file: str, project: str | None, output: Output) -> int:
    """Create an action, and print it."""
    sheet = Sheet(Action, _CARD, output)
    new = await asyncio.to_thread(partial(read_json, file, _New))
    expires = None if new.expires_after is None else read_moment("expiresAfter", new.expires_after)
    created = await currents.actions.create(
        new.name,
        action=new.action,
        matcher=new.matcher,
        description=new.description,
        expires_after=expires,
        project_id=project,
    )
    sheet.fill_in(created)
    return _exit.OK


async def enable(currents: Currents, *, action_id: str, output: Output) -> int:
    """Enable an action, and print it."""
    sheet = Sheet(Action, _CARD, output)
    sheet.fill_in(await currents.actions.enable(action_id))
    return _exit.OK


async def disable(currents: Currents, *, action_id: str, output: Output) -> int:
    """Disable an action, and print it."""
    sheet = Sheet(Action, _CARD, output)
    sheet.fill_in(await currents.actions.disable(action_id))
    return _exit.OK


async def delete(currents: Currents, *, action_id: str, yes: bool, output: Output) -> int:
    """Archive an action, and print what the service says."""
    sheet = Sheet(ArchivedAction, ("actionId", "archived"), output)
    if not confirm(f"Archive action {action_id}?", yes=yes):
        return _exit.FAILED
    sheet.fill_in(await currents.actions.delete(action_id))
    return _exit.OK
