"""Webhooks, which the service calls when a run begins or ends: /webhooks/….

Source of all of it: `operations.md`, "Webhooks".
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, get_args

import msgspec
from msgspec import UNSET, UnsetType

from currents_async._resources._group import Group
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.fields import Fields, check_changes, given
from currents_async._wire.filters import Filters, check_choices
from currents_async._wire.query import check_text
from currents_async.errors import InvalidArgumentError, NotFoundError
from currents_async.models.webhooks import DeletedWebhook, HookEvent, Webhook

LIST_WEBHOOKS = Endpoint("listWebhooks", "GET", "/webhooks", list[Webhook])
CREATE_WEBHOOK = Endpoint("createWebhook", "POST", "/webhooks", Webhook)
GET_WEBHOOK = Endpoint("getWebhook", "GET", "/webhooks/{hook_id}", Webhook)
UPDATE_WEBHOOK = Endpoint("updateWebhook", "PUT", "/webhooks/{hook_id}", Webhook)
DELETE_WEBHOOK = Endpoint(
    "deleteWebhook", "DELETE", "/webhooks/{hook_id}", DeletedWebhook, already=NotFoundError
)

HookEventName = Literal["RUN_FINISH", "RUN_START", "RUN_TIMEOUT", "RUN_CANCELED"]

# RFC 9110, sections 5.1 and 5.5.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile("[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")


class Webhooks(Group):
    """Webhooks, which the service calls when a run begins or ends.

    Every method raises `InvalidArgumentError` before anything is sent, an `APIError` by status,
    `TransportError`, `DecodeError` and `ResponseTooLargeError`.
    """

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
        """Create a webhook: a URL to be called when something happens to runs of a project.

        `url` has at most 2,048 characters, `label` 1 to 255. `headers` are sent with each call,
        and are where a shared secret belongs: at most 4,096 characters as JSON. `project_id`
        defaults to the client's. Raises `AmbiguousError` when it may have been carried out, and is
        not known to have been; `retry_ambiguous=True` sends it again instead, which may leave two
        of them.
        """
        query = [("projectId", check_text("project_id", self._project(project_id)))]
        body = _body(url, given(headers), given(hook_events), given(label))
        terms = self._transport.terms(repeat_writes=retry_ambiguous)
        return await self._transport.call(CREATE_WEBHOOK.request(query=query, body=body), terms)

    async def get(self, hook_id: str) -> Webhook:
        """Fetch a webhook."""
        return await self._transport.call(GET_WEBHOOK.request({"hook_id": hook_id}))

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
        """Change the fields of a webhook that are passed, of which there is at least one.

        They are as in `create`; `headers` replace all that were there, and None removes the
        headers, or the label. Raises `AmbiguousError` when it may have been carried out, and is not
        known to have been; `retry_ambiguous=True` sends it again instead.
        """
        body = check_changes(_body(url, headers, hook_events, label))
        request = UPDATE_WEBHOOK.request({"hook_id": hook_id}, body=body)
        terms = self._transport.terms(repeat_writes=retry_ambiguous)
        return await self._transport.call(request, terms)

    async def delete(self, hook_id: str) -> DeletedWebhook:
        """Delete a webhook.

        Where it turns out that an attempt whose answer was lost has deleted it, the answer has no
        more than the webhook's ID.
        """
        return await self._transport.call(
            DELETE_WEBHOOK.request({"hook_id": hook_id}), already=DeletedWebhook(hook_id=hook_id)
        )

    # The last one: from here on `list` is no longer the built-in type.

    async def list(self, project_id: str | None = None) -> list[Webhook]:
        """Fetch all webhooks of a project, by default the client's, in one answer."""
        filters = Filters().text("projectId", "project_id", self._project(project_id))
        return await self._transport.call(LIST_WEBHOOKS.request(query=filters.query))


def _body(
    url: str | UnsetType,
    headers: Mapping[str, str] | UnsetType | None,
    hook_events: Sequence[HookEventName | HookEvent] | UnsetType,
    label: str | UnsetType | None,
) -> dict[str, Any]:
    choices = get_args(HookEventName)
    return (
        Fields()
        .put("url", url, partial(check_text, "url", longest=2048))
        .put_or_null("headers", headers, _headers)
        .put("hookEvents", hook_events, partial(check_choices, "hook_events", choices=choices))
        .put_or_null("label", label, partial(check_text, "label", longest=255))
        .body
    )


def _headers(headers: Mapping[str, str]) -> str:
    """Return the JSON text of headers; no error shows their values, which are secrets."""
    if not isinstance(headers, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"headers must be a mapping, not {type(headers).__name__}")
    for name, value in headers.items():
        if not isinstance(name, str) or _HEADER_NAME.fullmatch(name) is None:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(f"headers: {name!r} is not the name of a header")
        if not isinstance(value, str) or _HEADER_VALUE.fullmatch(value) is None:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(f"headers: the value of {name!r} cannot be sent")
    text = msgspec.json.encode(dict(headers)).decode()
    if len(text) > 4096:  # noqa: PLR2004 - as documented
        raise InvalidArgumentError("headers must have at most 4096 characters as JSON")
    return text
