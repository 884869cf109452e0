"""Errors: the responses of GET /errors/{projectId}, and GET /context.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors" and "Context".
"""

from datetime import datetime
from typing import Literal

from msgspec import field

from currents_async.models._model import Model, OpenModel
from currents_async.models._signed import read_expiry
from currents_async.models.pages import NumberedPage

__all__ = [
    "Affected",
    "ContextDetail",
    "ErrorContext",
    "ErrorDimension",
    "ErrorMetric",
    "ErrorOrder",
    "ErrorsPage",
    "ErrorsSpan",
    "ExploredError",
    "ExploredErrorDetails",
    "FailureContext",
]

ContextDetail = Literal["default", "compact", "summary"]
"""How much detail about a failure to return, as an argument of `context.get`."""

ErrorDimension = Literal["target", "action", "category", "message"]
"""What errors are grouped by, as an argument of `errors.list`."""

ErrorMetric = Literal["occurrence", "test", "branch"]
"""What makes an error important in the timeline of `errors.list`."""

ErrorOrder = Literal["count", "tests", "branches", "error"]
"""What errors are sorted by, as an argument of `errors.list`."""


class Affected(Model, frozen=True, gc=False, kw_only=True):
    """How many have an error."""

    count: int = 0


class ExploredErrorDetails(Model, frozen=True, gc=False, kw_only=True):
    """Where an error was seen."""

    tests: Affected = Affected()
    branches: Affected = Affected()


class ExploredError(Model, frozen=True, gc=False, kw_only=True):
    """Errors that are grouped by what they have in common, and how often they happened.

    Fields that they are not grouped by are None.
    """

    message: str | None = None
    error_category: str | None = field(default=None, name="error_category")
    error_action: str | None = field(default=None, name="error_action")
    """What was being done, for example a click."""
    error_target: str | None = field(default=None, name="error_target")
    """What it was done to, for example a selector."""
    count: int = 0
    details: ExploredErrorDetails = ExploredErrorDetails()


class ErrorsSpan(Model, frozen=True, gc=False, kw_only=True):
    """The most important errors of a span of time."""

    date: str | None = None
    """As the server spells it."""
    count: int = 0
    items: tuple[ExploredError, ...] = ()
    """At most `top_n`."""


class ErrorsPage(NumberedPage[ExploredError], frozen=True, gc=False, kw_only=True):
    """A page of errors, and the timeline of them all."""

    timeline: tuple[ErrorsSpan, ...] = ()


class ErrorContext(Model, frozen=True, gc=False, kw_only=True):
    """What a page looked like when a test failed."""

    url: str | None = None
    """Its accessibility tree, as Markdown: signed, and valid until `expires_at`."""

    @property
    def expires_at(self) -> datetime | None:
        """Until when the URL is valid; None if it does not say so."""
        return read_expiry(self.url)


class FailureContext(OpenModel, frozen=True, gc=False, kw_only=True):
    """The failures of a run, an instance or a test, with their context.

    The API documents none of its fields: all that are not known are in `extra`.
    """

    test_id: str | None = None
    error_context: ErrorContext | None = None
    """Of a test."""
    tests: "tuple[FailureContext, ...]" = field(default=(), name="list")
    """Of a run or an instance: a page of its tests."""
