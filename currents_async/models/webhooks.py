"""Webhooks: the responses of /webhooks and its siblings.

Source: `docs/api/operations.md`, "Webhooks".
"""

from typing import Literal

import msgspec
from msgspec import field

from currents_async.models._model import Model, OpenEnum, OpenModel, SecretModel, Timestamp

__all__ = ["DeletedWebhook", "HookEvent", "HookEventName", "Webhook"]

HookEventName = Literal["RUN_FINISH", "RUN_START", "RUN_TIMEOUT", "RUN_CANCELED"]
"""The events that a webhook is called for, as an argument of `webhooks.create`."""


class HookEvent(OpenEnum):
    """The events that a webhook is called for."""

    RUN_FINISH = "RUN_FINISH"
    RUN_START = "RUN_START"
    RUN_TIMEOUT = "RUN_TIMEOUT"
    RUN_CANCELED = "RUN_CANCELED"


class Webhook(SecretModel, OpenModel, frozen=True, gc=False, kw_only=True):
    """A URL that the service calls when something happens to runs of a project.

    Its headers contain the shared secret that its owner set: its `repr` does not show them, and it
    cannot be pickled.
    """

    _secrets = ("headers_json",)

    hook_id: str
    project_id: str | None = None
    url: str = ""
    headers_json: str | None = field(default=None, name="headers")
    """The headers as on the wire, as JSON text: read `headers`."""
    hook_events: tuple[HookEvent, ...] = ()
    label: str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of each call; empty if `headers_json` is not a JSON object of texts."""
        try:
            return msgspec.json.decode(self.headers_json or "{}", type=dict[str, str])
        except msgspec.DecodeError:
            return {}


class DeletedWebhook(Model, frozen=True, gc=False, kw_only=True):
    """The response to deleting a webhook."""

    hook_id: str | None = None
    project_id: str | None = None
