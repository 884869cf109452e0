"""`actions tests` and `actions executions`: what actions affected."""

from typing import Annotated

from cyclopts import Parameter

from currents_async.cli._moments import read_moment
from currents_async.cli._options import (
    COMMON,
    Choice,
    CommonOptions,
    Limit,
    Project,
    Several,
    Since,
    Until,
)
from currents_async.cli._output.columns import Column
from currents_async.errors import InvalidArgumentError
from currents_async.models import (
    ActionStatusFilter,
    ActionTypeFilter,
    AffectedExecution,
    AffectedTest,
    SortDirection,
)


def _title(item: AffectedTest | AffectedExecution) -> str | None:
    return " > ".join(item.title) if isinstance(item.title, tuple) else item.title


_TESTS: tuple[Column[AffectedTest], ...] = (
    Column("title", _title),
    Column("spec", lambda test: test.spec, "path", rank=1),
    Column("signature", lambda test: test.signature, "id", rank=2),
)
_EXECUTIONS: tuple[Column[AffectedExecution], ...] = (
    Column("title", _title),
    Column("spec", lambda one: one.spec, "path", rank=1),
    Column("run", lambda one: one.run_id, "id", rank=2),
    Column("instance", lambda one: one.instance_id, "id", rank=3),
    Column("test", lambda one: one.test_id, "id", rank=4),
)


async def affected_tests(
    *,
    project: Project | None = None,
    since: Since = "14d",
    until: Until = "now",
    search: str | None = None,
    effect: Several[ActionTypeFilter] = (),
    action: str | None = None,
    status: Several[ActionStatusFilter] = (),
    direction: Choice[SortDirection] | None = None,
    limit: Limit | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """List the tests that actions affected.

    currents-async actions tests --since 30d --effect quarantine

    currents-async actions tests --action ACTION_ID --status active

    Parameters
    ----------
    search
        Only those with this text in the path, the title or the name of the action.
    effect
        Only by actions that do this; several can be given.
    action
        Only by the action with this ID.
    status
        Only by actions of this status; several can be given.
    direction
        Which way they are sorted, by when they were last seen.

    """
    async with common.open(AffectedTest, _TESTS, nothing="no tests were affected") as (
        currents,
        printer,
    ):
        listed = currents.actions.affected_tests(
            project,
            date_start=read_moment("--since", since),
            date_end=read_moment("--until", until),
            search=search,
            action_type=effect,
            action_id=action,
            status=status,
            dir=direction,
        )
        await printer.listed(listed, limit)


async def executions(
    action_id: Annotated[str | None, Parameter(help="The ID of the action.")] = None,
    /,
    *,
    signature: str | None = None,
    project: Project | None = None,
    since: Since = "14d",
    until: Until = "now",
    search: str | None = None,
    limit: Limit | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """List the executions that an action affected, or those of one test that any action did.

    currents-async actions executions ACTION_ID --since 7d

    currents-async actions executions --signature SIGNATURE

    Parameters
    ----------
    signature
        The test, as `actions tests` prints it; instead of an action.
    search
        Only executions with this text.

    """
    async with common.open(
        AffectedExecution,
        _EXECUTIONS,
        nothing="no executions were affected",
    ) as (
        currents,
        printer,
    ):
        start, end = read_moment("--since", since), read_moment("--until", until)
        match action_id, signature:
            case str(), None if project is None:
                listed = currents.actions.executions_by_action(
                    action_id, date_start=start, date_end=end, search=search
                )
            case None, str():
                listed = currents.actions.executions(
                    signature, date_start=start, date_end=end, search=search, project_id=project
                )
            case _:
                raise InvalidArgumentError(
                    "pass an action ID, or --signature and perhaps --project"
                )
        await printer.listed(listed, limit)
