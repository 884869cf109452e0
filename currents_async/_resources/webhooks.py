"""Webhooks, which the service calls when a run begins or ends: /webhooks/….

Source: `docs/api/operations.md`, "Webhooks".
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, get_args

from msgspec import UNSET, UnsetType

from currents_async._checks import check_choices, check_text, check_uuid4
from currents_async._resources._group import Group
from currents_async._resources._hook_headers import Sealed, redact_of, seal, unseal
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.fields import Fields, check_changes, given
from currents_async._wire.filters import Filters
from currents_async.errors import NotFoundError
from currents_async.models.webhooks import DeletedWebhook, HookEvent, HookEventName, Webhook

LIST_WEBHOOKS = Endpoint("listWebhooks", "GET", "/webhooks", list[Webhook])
CREATE_WEBHOOK = Endpoint("createWebhook", "POST", "/webhooks", Webhook)
GET_WEBHOOK = Endpoint("getWebhook", "GET", "/webhooks/{hook_id}", Webhook)
UPDATE_WEBHOOK = Endpoint("updateWebhook", "PUT", "/webhooks/{hook_id}", Webhook)
DELETE_WEBHOOK = Endpoint(
    "deleteWebhook", "DELETE", "/webhooks/{hook_id}", DeletedWebhook, already=NotFoundError
)


class Webhooks(Group):
    """Webhooks, which the service calls when a run begins or ends."""

    __slots__ = ()

    async def create(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        hook_events: Sequence[HookEventName | HookEvent] | None = None,
        label: str | None = None,
        project_id: str | None = None,
        retry_ambiguous: bool = False,
    ) -> Webhook:
        """Create a webhook: a URL that is called when something happens to runs of a project.

        `url` has at most 2,048 characters, `label` 1 to 255. `headers` are sent with each call; a
        shared secret belongs there. They have at most 4,096 characters as JSON. `project_id`
        defaults to the client's. Raises `AmbiguousError` when it is unknown whether the webhook was
        created; with `retry_ambiguous=True` the request is sent again instead, which may create
        two.
        """
        sealed = seal(given(headers))
        del headers  # a traceback with locals would show the secret
        filters = self._of_project(project_id)
        body = _body(url, sealed, given(hook_events), given(label))
        request = CREATE_WEBHOOK.request(query=filters.query, body=body, redact=redact_of(sealed))
        return await self._write(request, retry_ambiguous=retry_ambiguous)

    async def get(self, hook_id: str) -> Webhook:
        """Fetch a webhook. `hook_id` is a UUID, of version 4."""
        return await self._transport.call(GET_WEBHOOK.request(_path(hook_id)))

    async def update(
        self,
        hook_id: str,
        *,
        url: str | UnsetType = UNSET,
        headers: Mapping[str, str] | UnsetType | None = UNSET,
        hook_events: Sequence[HookEventName | HookEvent] | UnsetType = UNSET,
        label: str | UnsetType | None = UNSET,
        retry_ambiguous: bool = False,
    ) -> Webhook:
        """Change those fields of a webhook that are passed, at least one.

        They are as in `create`; `headers` replace all previous ones, and None removes the headers
        or the label. Raises `AmbiguousError` when it is unknown whether the webhook was changed;
        with `retry_ambiguous=True` the request is sent again instead. If the server sends nothing
        else, only the webhook's ID is set.
        """
        sealed = seal(headers)
        del headers  # as in `create`
        body = check_changes(_body(url, sealed, hook_events, label))
        request = UPDATE_WEBHOOK.request(_path(hook_id), body=body, redact=redact_of(sealed))
        return await self._write(
            request, already=Webhook(hook_id=hook_id), retry_ambiguous=retry_ambiguous
        )

    async def delete(self, hook_id: str) -> DeletedWebhook:
        """Delete a webhook.

        Only the webhook's ID is set if the server sends nothing else, or an earlier attempt, whose
        response was lost, turns out to have deleted the webhook.
        """
        request = DELETE_WEBHOOK.request(_path(hook_id))
        return await self._transport.call(request, already=DeletedWebhook(hook_id=hook_id))

    def _of_project(self, project_id: str | None) -> Filters:
        return Filters().text("project_id", self._project(project_id), wire="projectId")

    async def list(self, project_id: str | None = None) -> list[Webhook]:
        """Fetch all webhooks of a project, by default the client's, in one response."""
        filters = self._of_project(project_id)
        return await self._transport.call(LIST_WEBHOOKS.request(query=filters.query))


def _path(hook_id: str) -> dict[str, str]:
    return {"hook_id": check_uuid4("hook_id", hook_id)}


def _body(
    url: str | UnsetType,
    headers: Sealed,
    hook_events: Sequence[HookEventName | HookEvent] | UnsetType,
    label: str | UnsetType | None,
) -> dict[str, Any]:
    check_events = partial(check_choices, choices=get_args(HookEventName))
    return (
        Fields()
        .put("url", url, partial(check_text, max_length=2048))
        .put_or_null("headers", headers, unseal)
        .put("hook_events", hook_events, check_events, wire="hookEvents")
        .put_or_null("label", label, partial(check_text, max_length=255))
        .body
    )
