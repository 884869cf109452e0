"""Rules that skip, quarantine or tag tests: /actions/….

Source: `docs/api/operations.md`, "Actions".
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec import UNSET, UnsetType

from currents_async._checks import check_prose, check_text, check_texts, check_type
from currents_async._pagination import PAGE_SIZE, CursorPager, PagePager
from currents_async._resources._group import Group, whole_item
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.fields import Fields, check_changes, given
from currents_async._wire.filters import Filters, Moment, encode_time
from currents_async.errors import InvalidArgumentError, NotFoundError
from currents_async.models._patterns import check_pattern
from currents_async.models.actions import (
    Action,
    ActionStatus,
    ActionStatusFilter,
    ActionTypeFilter,
    AffectedExecution,
    AffectedTest,
    ArchivedAction,
    Effect,
    EffectOperation,
)
from currents_async.models.common import SortDirection
from currents_async.models.matchers import WITHOUT_PATTERNS, Condition, Matcher, pattern_of
from currents_async.models.pages import CursorPage, NumberedPage

LIST_ACTIONS = Endpoint("listActions", "GET", "/actions", list[Action])
CREATE_ACTION = Endpoint("createAction", "POST", "/actions", Action)
GET_ACTION = Endpoint("getAction", "GET", "/actions/{action_id}", Action)
UPDATE_ACTION = Endpoint("updateAction", "PUT", "/actions/{action_id}", Action)
DELETE_ACTION = Endpoint(
    "deleteAction", "DELETE", "/actions/{action_id}", ArchivedAction, already=NotFoundError
)
ENABLE_ACTION = Endpoint(
    "enableAction", "PUT", "/actions/{action_id}/enable", Action, idempotent=True
)
DISABLE_ACTION = Endpoint(
    "disableAction", "PUT", "/actions/{action_id}/disable", Action, idempotent=True
)
LIST_AFFECTED_TESTS = Endpoint(
    "listAffectedTests", "GET", "/actions/tests", NumberedPage[AffectedTest], max_limit=100
)
GET_AFFECTED_TEST_EXECUTIONS = Endpoint(
    "getAffectedTestExecutions",
    "GET",
    "/actions/tests/{signature}",
    CursorPage[AffectedExecution],
    max_limit=50,
)
GET_AFFECTED_TEST_EXECUTIONS_BY_ACTION = Endpoint(
    "getAffectedTestExecutionsByAction",
    "GET",
    "/actions/{action_id}/tests",
    CursorPage[AffectedExecution],
    max_limit=50,
)


class Actions(Group):
    """Rules that skip, quarantine or tag tests.

    ```python
    from currents_async.models import Effect, Matcher, when

    await currents.actions.create(
        "Checkout is flaky",
        action=[Effect.quarantine()],
        matcher=Matcher.all(when.file.eq("checkout.spec.ts"), when.tag.includes("slow")),
    )
    ```
    """

    __slots__ = ()

    async def create(
        self,
        name: str,
        *,
        action: Sequence[Effect],
        matcher: Matcher,
        description: str | None = None,
        expires_after: Moment | None = None,
        project_id: str | None = None,
        retry_ambiguous: bool = False,
    ) -> Action:
        """Create an action, which applies at once.

        `name` has 1 to 255 characters, `description` at most 1,000. `action` is what it does, at
        least one `Effect`. It applies until `expires_after`: a datetime with a time zone, or a day,
        which means its beginning in UTC. `project_id` defaults to the client's. Raises
        `AmbiguousError` when it is unknown whether the action was created; with
        `retry_ambiguous=True` the request is sent again instead, which may create two.
        """
        filters = Filters().text("project_id", self._project(project_id), wire="projectId")
        body = _body(name, given(description), action, matcher, given(expires_after))
        request = CREATE_ACTION.request(query=filters.query, body=body)
        return await self._write(request, retry_ambiguous=retry_ambiguous)

    async def get(self, action_id: str) -> Action:
        """Fetch an action."""
        return await self._transport.call(GET_ACTION.request({"action_id": action_id}))

    async def update(
        self,
        action_id: str,
        *,
        name: str | UnsetType = UNSET,
        description: str | UnsetType | None = UNSET,
        action: Sequence[Effect] | UnsetType = UNSET,
        matcher: Matcher | UnsetType = UNSET,
        expires_after: Moment | UnsetType | None = UNSET,
        retry_ambiguous: bool = False,
    ) -> Action:
        """Change those fields of an action that are passed, at least one.

        They are as in `create`; None removes the description, or lets the action never expire.
        Raises `AmbiguousError` when it is unknown whether the action was changed; with
        `retry_ambiguous=True` the request is sent again instead. If the server sends nothing else,
        only the action's ID is set.
        """
        body = check_changes(_body(name, description, action, matcher, expires_after))
        request = UPDATE_ACTION.request({"action_id": action_id}, body=body)
        return await self._write(
            request, already=Action(action_id=action_id), retry_ambiguous=retry_ambiguous
        )

    async def delete(self, action_id: str) -> ArchivedAction:
        """Archive an action: it no longer applies, and is listed with the status `archived`.

        Only the action's ID is set if the server sends nothing else, or an earlier attempt, whose
        response was lost, turns out to have archived the action.
        """
        return await self._transport.call(
            DELETE_ACTION.request({"action_id": action_id}),
            already=ArchivedAction(action_id=action_id),
        )

    async def enable(self, action_id: str) -> Action:
        """Let an action apply again."""
        known = Action(action_id=action_id, status=ActionStatus.ACTIVE)
        request = ENABLE_ACTION.request({"action_id": action_id})
        return await self._transport.call(request, already=known)

    async def disable(self, action_id: str) -> Action:
        """Stop an action from applying, but keep it."""
        known = Action(action_id=action_id, status=ActionStatus.DISABLED)
        request = DISABLE_ACTION.request({"action_id": action_id})
        return await self._transport.call(request, already=known)

    def affected_tests(
        self,
        project_id: str | None = None,
        *,
        date_start: Moment,
        date_end: Moment,
        search: str | None = None,
        action_type: Sequence[ActionTypeFilter] = (),
        action_id: str | None = None,
        dir: SortDirection | None = None,  # noqa: A002 - the API's own name
        status: Sequence[ActionStatusFilter] = (),
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        prefetch: bool = False,
    ) -> PagePager[AffectedTest]:
        """List the tests that actions affected.

        `project_id` defaults to the client's. Datetimes need a time zone. `search`, of at most 100
        characters, looks at paths of spec files, titles of tests and names of actions. `status` is
        that of the actions. The test that was affected last comes first, unless `dir` is `asc`.
        `page_size` is at most 100, and `start` a resume token. The API calls this list a preview.
        """
        query = (
            Filters()
            .text("project_id", self._project(project_id), wire="projectId")
            .span(date_start, date_end)
            .search(search, max_length=100)
            .choices("action_type", action_type, ActionTypeFilter)
            .text("action_id", action_id)
            .choice("dir", dir, SortDirection)
            .choices("status", status, ActionStatusFilter)
            .query
        )
        listing = self._listing(LIST_AFFECTED_TESTS, query)
        return PagePager(
            listing, key=whole_item, page_size=page_size, start=start, prefetch=prefetch
        )

    def executions(
        self,
        signature: str,
        *,
        date_start: Moment,
        date_end: Moment,
        search: str | None = None,
        project_id: str | None = None,
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        reverse: bool = False,
        prefetch: bool = False,
    ) -> CursorPager[AffectedExecution]:
        """List the executions of one test that actions affected.

        `project_id` defaults to the client's. Datetimes need a time zone. `page_size` is at most
        50. `start` is a cursor or a resume token to continue after; with `reverse` the list goes
        from there back to its beginning.
        """
        query = (
            Filters()
            .text("project_id", self._project(project_id), wire="projectId")
            .span(date_start, date_end)
            .search(search)
            .query
        )
        listing = self._listing(GET_AFFECTED_TEST_EXECUTIONS, query, signature=signature)
        return CursorPager(
            listing, page_size=page_size, start=start, reverse=reverse, prefetch=prefetch
        )

    def executions_by_action(
        self,
        action_id: str,
        *,
        date_start: Moment,
        date_end: Moment,
        search: str | None = None,
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        reverse: bool = False,
        prefetch: bool = False,
    ) -> CursorPager[AffectedExecution]:
        """List the executions of tests that one action affected.

        Takes the arguments of `executions` except for the project, which is the action's.
        """
        query = Filters().span(date_start, date_end).search(search).query
        listing = self._listing(GET_AFFECTED_TEST_EXECUTIONS_BY_ACTION, query, action_id=action_id)
        return CursorPager(
            listing, page_size=page_size, start=start, reverse=reverse, prefetch=prefetch
        )

    async def list(
        self,
        project_id: str | None = None,
        *,
        status: Sequence[ActionStatusFilter] = (),
        search: str | None = None,
    ) -> list[Action]:
        """Fetch all actions of a project, by default the client's, in one response.

        `search` matches names, and has at most 100 characters.
        """
        filters = (
            Filters()
            .text("project_id", self._project(project_id), wire="projectId")
            .choices("status", status, ActionStatusFilter)
            .search(search, max_length=100)
        )
        return await self._transport.call(LIST_ACTIONS.request(query=filters.query))


def _body(
    name: str | UnsetType,
    description: str | UnsetType | None,
    action: Sequence[Effect] | UnsetType,
    matcher: Matcher | UnsetType,
    expires_after: Moment | UnsetType | None,
) -> dict[str, Any]:
    return (
        Fields()
        .put("name", name, partial(check_text, max_length=255))
        .put_or_null("description", description, partial(check_prose, max_length=1000))
        .put("action", action, _effects)
        .put("matcher", matcher, _matcher)
        .put_or_null("expires_after", expires_after, encode_time, wire="expiresAfter")
        .body
    )


def _effects(name: str, effects: Sequence[Effect]) -> list[dict[str, Any]]:
    if not effects:
        raise InvalidArgumentError(f"{name} must have at least 1 item")
    return [_effect(f"{name}[{index}]", effect) for index, effect in enumerate(effects)]


def _effect(name: str, effect: Effect) -> dict[str, Any]:
    fields = check_type(name, effect, Effect).to_dict()
    if effect.details is None:
        del fields["details"]
    elif effect.op == EffectOperation.TAG:
        tags = fields["details"].get("tags", ())
        check_texts(f"{name}.tags", tags, min_items=1, max_items=10)
    return fields


def _matcher(name: str, matcher: Matcher) -> dict[str, Any]:
    if not check_type(name, matcher, Matcher).cond:
        raise InvalidArgumentError(f"{name} must have at least 1 condition")
    conditions = [
        _condition(f"{name}.cond[{index}]", condition)
        for index, condition in enumerate(matcher.cond)
    ]
    return {**matcher.extra, "op": matcher.op, "cond": conditions}


def _condition(name: str, condition: Condition) -> dict[str, Any]:
    value = check_type(name, condition, Condition).value
    for one in (value,) if isinstance(value, str) else value or ():
        if isinstance(one, str):
            check_prose(f"{name}.value", one)
        elif condition.type in WITHOUT_PATTERNS:
            raise InvalidArgumentError(
                f"{name}.value: {condition.type} takes no patterns, only str"
            )
        elif (pattern := pattern_of(one)) is not None:
            check_pattern(f"{name}.value", pattern)
    return condition.to_dict()
