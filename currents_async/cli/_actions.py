"""`actions`: rules that skip, quarantine or tag tests."""

from typing import Annotated

from cyclopts import App, Parameter
from msgspec import UNSET, UnsetType

from currents_async.cli import _exit
from currents_async.cli._affected import affected_tests, executions
from currents_async.cli._confirm import confirm
from currents_async.cli._moments import read_optional_moment
from currents_async.cli._options import (
    COMMON,
    CommonOptions,
    File,
    Project,
    Several,
    Yes,
    read_json,
)
from currents_async.cli._output.columns import Column, plain
from currents_async.models import (
    Action,
    ActionStatusFilter,
    ArchivedAction,
    Condition,
    Effect,
    Matcher,
)
from currents_async.models._model import Model

app = App(name="actions")

ActionID = Annotated[str, Parameter(help="The ID of the action.")]

_COMPARISONS = {
    "eq": "is",
    "neq": "is not",
    "any": "is there",
    "empty": "is not there",
    "in": "is one of",
    "notIn": "is none of",
    "inc": "includes",
    "notInc": "does not include",
    "incAll": "includes all of",
    "notIncAll": "does not include all of",
}


def _condition(condition: Condition) -> str:
    trait = condition.type.replace("_", " ")
    comparison = _COMPARISONS.get(condition.op, condition.op)
    return " ".join([trait, comparison, "" if condition.value is None else plain(condition.value)])


def _conditions(action: Action) -> str:
    """Return which tests an action applies to: `git branch is main and tag includes slow`."""
    if action.matcher is None:
        return ""
    return f" {action.matcher.op.lower()} ".join(map(_condition, action.matcher.cond))


_LISTED: tuple[Column[Action], ...] = (
    Column("id", lambda action: action.action_id, "id"),
    Column("status", lambda action: action.status, rank=1),
    Column("name", lambda action: action.name),
    Column("does", lambda action: [one.op for one in action.action], rank=2),
    Column("created", lambda action: action.created_at, "age", rank=4),
    Column("expires", lambda action: action.expires_after, "age", rank=3),
)
_CARD: tuple[Column[Action], ...] = (
    *_LISTED,
    Column("description", lambda action: action.description),
    Column("tests", _conditions),
)


class _New(Model, frozen=True, gc=False, kw_only=True):
    """What an action is made of; other fields that the service returns do not matter."""

    name: str
    action: tuple[Effect, ...]
    matcher: Matcher
    description: str | None = None
    expires_after: str | None = None


class _Changes(Model, frozen=True, gc=False, kw_only=True):
    """What of an action is to be changed."""

    name: str | UnsetType = UNSET
    action: tuple[Effect, ...] | UnsetType = UNSET
    matcher: Matcher | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    expires_after: str | UnsetType | None = UNSET


@app.command(name="list")
async def list_actions(
    *,
    project: Project | None = None,
    status: Several[ActionStatusFilter] = (),
    search: str | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """List the actions of a project.

    currents-async actions list

    currents-async actions list --status active --search checkout

    Parameters
    ----------
    status
        Only actions of this status; several can be given.
    search
        Only actions with this text in their name.

    """
    async with common.open(Action, _LISTED, nothing="no actions match") as (currents, printer):
        printer.all(await currents.actions.list(project, status=status, search=search))


@app.command
async def get(action_id: ActionID, /, *, common: CommonOptions = COMMON) -> None:
    """Fetch an action.

    currents-async actions get ACTION_ID

    currents-async actions get ACTION_ID -o json

    """
    async with common.open(Action, _CARD) as (currents, printer):
        printer.one(await currents.actions.get(action_id))


@app.command
async def create(
    file: File,
    /,
    *,
    project: Project | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """Create an action, which applies at once, from JSON with name, action and matcher.

    It is what the API takes, and what `actions get -o json` prints:
    {"name": "Checkout is flaky", "action": [{"op": "quarantine"}],
    "matcher": {"op": "AND", "cond": [{"type": "file", "op": "eq", "value": "checkout.spec.ts"}]}}

    currents-async actions create action.json

    currents-async actions create -

    Parameters
    ----------
    file
        The file with the JSON; - is stdin.

    """
    async with common.open(Action, _CARD) as (currents, printer):
        new = await read_json(file, _New)
        created = await currents.actions.create(
            new.name,
            action=new.action,
            matcher=new.matcher,
            description=new.description,
            expires_after=read_optional_moment("expiresAfter", new.expires_after),
            project_id=project,
        )
        printer.one(created)


@app.command
async def update(
    action_id: ActionID,
    file: File,
    /,
    *,
    common: CommonOptions = COMMON,
) -> None:
    """Change an action as JSON says, and leave the fields that are not in there.

    They are those of `actions create`; null removes the description or the expiry:
    {"name": "Checkout is flaky", "expiresAfter": null}

    currents-async actions update ACTION_ID changes.json

    currents-async actions update ACTION_ID -

    Parameters
    ----------
    file
        The file with the JSON; - is stdin.

    """
    async with common.open(Action, _CARD) as (currents, printer):
        changes = await read_json(file, _Changes)
        expiry = changes.expires_after
        moment = UNSET if expiry is UNSET else read_optional_moment("expiresAfter", expiry)
        updated = await currents.actions.update(
            action_id,
            name=changes.name,
            action=changes.action,
            matcher=changes.matcher,
            description=changes.description,
            expires_after=moment,
        )
        printer.one(updated)


@app.command
async def enable(action_id: ActionID, /, *, common: CommonOptions = COMMON) -> None:
    """Let an action apply again.

    currents-async actions enable ACTION_ID

    currents-async actions enable ACTION_ID -o json

    """
    async with common.open(Action, _CARD) as (currents, printer):
        printer.one(await currents.actions.enable(action_id))


@app.command
async def disable(action_id: ActionID, /, *, common: CommonOptions = COMMON) -> None:
    """Keep an action, and do not let it apply.

    currents-async actions disable ACTION_ID

    currents-async actions disable ACTION_ID -o json

    """
    async with common.open(Action, _CARD) as (currents, printer):
        printer.one(await currents.actions.disable(action_id))


@app.command
async def delete(
    action_id: ActionID,
    /,
    *,
    yes: Yes = False,
    common: CommonOptions = COMMON,
) -> int:
    """Archive an action for good. Asks first; where there is no terminal it needs --yes.

    currents-async actions delete ACTION_ID

    currents-async actions delete ACTION_ID --yes

    """
    async with common.open(ArchivedAction, "actionId, archived") as (currents, printer):
        if not confirm(f"Archive action {action_id}?", yes=yes):
            return _exit.FAILED
        printer.one(await currents.actions.delete(action_id))
    return _exit.OK


app.command(affected_tests, name="tests")
app.command(executions)
