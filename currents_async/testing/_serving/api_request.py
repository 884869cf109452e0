"""A request to an operation: its arguments are read by name, checked, and none is left over."""

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeVar

import msgspec

from currents_async._wire.endpoint import Endpoint
from currents_async.testing._serving.api_response import ApiResponse, RefusedError
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import date_ms
from currents_async.testing.world import World

T = TypeVar("T")

_INTEGER = re.compile(r"-?[0-9]{1,9}")
_OLD_NAMES = {
    "tags[]": ("tags", "tag", "tag[]"),
    "branches[]": ("branches", "branch", "branch[]"),
    "authors[]": ("authors", "author", "git_author", "git_author[]"),
    "groups[]": ("group[]",),
    "status[]": ("status",),
    "title": ("test",),
}
"""Names that official clients in use give to parameters: `@currents/mcp` 2.1, for one."""


class ApiRequest(msgspec.Struct):
    """The arguments of an operation as they arrived.

    The methods read a query or a body, and refuse with 400 what does not match the documentation.
    With `strict`, so do they a parameter that has not been read when `end` is called, so that a
    misspelt one does not go unnoticed.
    """

    operation: str
    path_args: dict[str, str]
    query: list[tuple[str, str]]
    body: bytes
    now: int
    """Milliseconds since the world's `EPOCH`."""
    credential_kind: str = "api_key"
    """What kind of credential the request came with, as its form shows."""
    strict: bool = True
    known: set[str] = msgspec.field(default_factory=set[str])
    """The names of the parameters that have been read."""
    unknown: dict[str, str | None] = msgspec.field(default_factory=dict[str, str | None])
    """The others, once `end` has been called, each with one of a similar name."""

    def text(
        self, name: str, *, max_length: int | None = None, pattern: str | None = None
    ) -> str | None:
        """Read a parameter that may be given once."""
        values = self.texts(name)
        if len(values) > 1:
            raise RefusedError(400, f"{name} must not be repeated")
        if not values:
            return None
        if max_length is not None and len(values[0]) > max_length:
            raise RefusedError(400, f"{name} must have at most {max_length} characters")
        return _match(name, values[0], pattern)

    def required(self, name: str) -> str:
        """Read a parameter that must be given."""
        value = self.text(name)
        if not value:
            raise RefusedError(400, f"{name} is required")
        return value

    def texts(self, name: str, *, pattern: str | None = None) -> list[str]:
        """Read a parameter that may be repeated, under its old names too."""
        names = {name, *_OLD_NAMES.get(name, ())}
        self.known |= names
        return [_match(name, value, pattern) for key, value in self.query if key in names]

    def number(
        self, name: str, default: int, *, min_value: int, max_value: int | None = None
    ) -> int:
        """Read an integer in its range."""
        value = self.text(name)
        if value is None:
            return default
        at_least = f"at least {min_value}"
        bounds = at_least if max_value is None else f"from {min_value} to {max_value}"
        if not _INTEGER.fullmatch(value):
            raise RefusedError(400, f"{name} must be an integer {bounds}")
        number = int(value)
        if number < min_value or (max_value is not None and number > max_value):
            raise RefusedError(400, f"{name} must be {bounds}, not {number}")
        return number

    def choice(self, name: str, choices: Collection[str], default: str) -> str:
        """Read one of the values that are documented."""
        value = self.text(name)
        return default if value is None else _check(name, value, choices)

    def choices(self, name: str, choices: Collection[str]) -> list[str]:
        """Read a parameter that may be repeated, each time with a value that is documented."""
        return [_check(name, value, choices) for value in self.texts(name)]

    def ascending(self) -> bool:
        """Read the direction of a list that is descending by default."""
        return self.choice("dir", ("asc", "desc"), "desc") == "asc"

    def flag(self, name: str) -> bool | None:
        """Read a boolean."""
        value = self.text(name)
        if value not in {None, "true", "false"}:
            raise RefusedError(400, f"{name} must be true or false")
        return None if value is None else value == "true"

    def moment(self, name: str) -> int | None:
        """Read a date: ISO 8601, where a plain day is its midnight in UTC, as for JavaScript."""
        value = self.text(name)
        return None if value is None else read_moment(name, value)

    def json(self, name: str, kind: type[T]) -> T | None:
        """Read JSON text."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return msgspec.json.decode(value, type=kind)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise RefusedError(
                400, f"{name} must be JSON text of the right shape: {error}"
            ) from None

    def end(self) -> None:
        """Refuse or note parameters that have not been read."""
        for name, _ in self.query:
            if name not in self.known:
                self.unknown[name] = next(iter(get_close_matches(name, self.known, 1)), None)
        for name in self.unknown if self.strict else ():
            raise RefusedError(400, f"{name} is not a parameter of this operation")

    def read_body(self, kind: type[T]) -> T:
        """Decode the body."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except msgspec.ValidationError as error:
            raise RefusedError(400, f"Invalid request body: {error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise RefusedError(400, "Request body is not valid JSON") from None

    def read_fields(self) -> Wire:
        """Return the fields of a valid body as they were sent, at least one."""
        fields: Wire = msgspec.json.decode(self.body)
        if not fields:
            raise RefusedError(400, "Invalid request body: at least one field is needed")
        return fields


class Route(NamedTuple):
    """An operation and its handler."""

    endpoint: Endpoint[Any]
    handle: Callable[[World, ApiRequest], ApiResponse]


def read_moment(name: str, value: str) -> int:
    """Return the milliseconds since the world's `EPOCH` of a date, or refuse it."""
    try:
        date = datetime.fromisoformat(value)
    except ValueError:
        raise RefusedError(400, f"{name} must be a date in ISO 8601") from None
    return date_ms(date if date.tzinfo else date.replace(tzinfo=UTC))


def known_project(world: World, project_id: str) -> str:
    """Return the ID of a project that exists, if only in one of its runs."""
    if any(project.project_id == project_id for project in world.projects):
        return project_id
    if any(run.project_id == project_id for run in world.runs.values()):
        return project_id
    raise RefusedError(404, "Project not found")


def _match(name: str, value: str, pattern: str | None) -> str:
    if pattern is not None and not re.fullmatch(pattern, value):
        raise RefusedError(400, f"{name} must match {pattern}")
    return value


def _check(name: str, value: str, choices: Collection[str]) -> str:
    if value not in choices:
        raise RefusedError(400, f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return value
