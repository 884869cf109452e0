"""Failure context: what GET /context answers.

Source: `docs/api/operations.md`, "Context".
"""

from typing import Literal

from currents_async.models._model import OpenModel

__all__ = ["ContextDetail", "FailureContext"]

ContextDetail = Literal["default", "compact", "summary"]
"""How much is told of a failure, as an argument of `context.get`."""


class FailureContext(OpenModel, frozen=True, gc=False, kw_only=True):
    """What is known of the failures of a run, an instance or a test.

    The API documents none of its fields: all of them are in `extra`.
    """
