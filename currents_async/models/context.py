"""Failure context: the responses of GET /context.

Source: `docs/api/operations.md`, "Context".
"""

from typing import Literal

from currents_async.models._model import OpenModel

__all__ = ["ContextDetail", "FailureContext"]

ContextDetail = Literal["default", "compact", "summary"]
"""How much detail about a failure to return, as an argument of `context.get`."""


class FailureContext(OpenModel, frozen=True, gc=False, kw_only=True):
    """The failures of a run, an instance or a test, with their context.

    The API documents none of its fields: all of them are in `extra`.
    """
