"""What the body of an action must look like.

Source: `docs/api/operations.md`, "Actions".
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from currents_async.testing._world.matching import LISTED, LISTED_OPERATORS, OPERATORS, TRAITS

_Name = Annotated[str, Meta(min_length=1, max_length=255)]
_Description = Annotated[str, Meta(max_length=1000)] | None


class _Tags(msgspec.Struct, forbid_unknown_fields=True):
    tags: Annotated[list[str], Meta(min_length=1, max_length=10)]


class _Skip(msgspec.Struct, tag_field="op", tag="skip", forbid_unknown_fields=True):
    details: dict[str, Any] | None = None


class _Quarantine(msgspec.Struct, tag_field="op", tag="quarantine", forbid_unknown_fields=True):
    details: dict[str, Any] | None = None


class _Tag(msgspec.Struct, tag_field="op", tag="tag", forbid_unknown_fields=True):
    details: _Tags


class _Condition(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    op: str
    value: str | list[str | dict[str, Any]] | None = None

    def __post_init__(self) -> None:
        if self.type not in TRAITS:
            raise ValueError(f"type must be one of {', '.join(TRAITS)}")
        operators = LISTED_OPERATORS if self.type in LISTED else OPERATORS
        if self.op not in operators:
            raise ValueError(f"op of {self.type} must be one of {', '.join(sorted(operators))}")
        if self.op not in {"any", "empty"} and self.value in (None, []):
            raise ValueError(f"op {self.op} needs a value")


class _Matcher(msgspec.Struct, forbid_unknown_fields=True):
    op: Literal["AND", "OR"]
    cond: Annotated[list[_Condition], Meta(min_length=1)]


_Effects = Annotated[list[_Skip | _Quarantine | _Tag], Meta(min_length=1)]


class NewAction(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The body of createAction."""

    name: _Name
    action: _Effects
    matcher: _Matcher
    description: _Description = None
    expires_after: str | None = None


class Changes(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The body of updateAction."""

    name: _Name | UnsetType = UNSET
    action: _Effects | UnsetType = UNSET
    matcher: _Matcher | UnsetType = UNSET
    description: _Description | UnsetType = UNSET
    expires_after: str | UnsetType | None = UNSET
