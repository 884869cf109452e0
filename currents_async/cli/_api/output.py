"""What `api` prints of responses: all of their JSON, or what `--query` selects."""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from currents_async._redaction import safe_headers
from currents_async.cli._streams import machine_stdout, one_line, safe_json, write_text
from currents_async.errors import APIError, InvalidArgumentError

if TYPE_CHECKING:
    from currents_async import RawResponse


class ApiOutput:
    """Prints responses, and with `include` the status and the headers before each."""

    def __init__(self, query: str | None, *, include: bool) -> None:
        """Raise `InvalidArgumentError` for a query that is no JMESPath expression."""
        self._select = None if query is None else _compiled(query)
        self._include = include

    def response(self, response: "RawResponse") -> None:
        """Print a response, JSON indented for people."""
        self._head(response)
        if self._select is None:
            _write_json(response.body)
        else:
            _write(self._select(json_of(response)))

    def page(self, response: "RawResponse", items: list[Any]) -> None:
        """Print the items of a page, or what is selected from it, each on a line of its own."""
        self._head(response)
        for item in items if self._select is None else _items(self._select(json_of(response))):
            _write(item, pretty=False)

    def failure(self, error: APIError) -> None:
        """Print the status of an error, whose headers are not known."""
        if self._include:
            _write_head(error.status, {})

    def _head(self, response: "RawResponse") -> None:
        if self._include:
            _write_head(response.status, response.headers)


def _write_head(status: int, headers: Mapping[str, str]) -> None:
    """Print a status line, the headers and an empty line."""
    known = status in set(HTTPStatus)
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase if known else ''}".rstrip()]
    lines += [f"{name}: {value}" for name, value in safe_headers(headers)]
    machine_stdout().write("".join(f"{one_line(line)}\n" for line in [*lines, ""]))


def json_of(response: "RawResponse") -> Any:
    """Return the JSON of a response; raise `InvalidArgumentError` if it is something else."""
    try:
        return response.json()
    except msgspec.DecodeError:
        raise InvalidArgumentError(
            "the response is no JSON: leave --query and --paginate out"
        ) from None


def _compiled(query: str) -> Callable[[Any], Any]:
    # Here, since --help does without it; it has no types.
    jmespath: Any = import_module("jmespath")
    error: type[ValueError] = jmespath.exceptions.JMESPathError
    try:
        search = jmespath.compile(query).search
    except error as refused:
        raise InvalidArgumentError(f"--query {query!r}: {refused}") from None

    def select(value: Any) -> Any:
        try:
            return search(value)
        except error as refused:
            raise InvalidArgumentError(f"--query {query!r}: {refused}") from None

    return select


def _items(selected: Any) -> list[Any]:
    return selected if isinstance(selected, list) else [selected]  # pyright: ignore[reportUnknownVariableType]


def _write(value: Any, *, pretty: bool = True) -> None:
    """Print a text as it is, and any other value as JSON."""
    if isinstance(value, str):
        write_text(value)
    else:
        _write_json(msgspec.json.encode(value), pretty=pretty)


def _write_json(text: bytes, *, pretty: bool = True) -> None:
    """Print JSON, on a terminal indented for people if it is to be `pretty`."""
    if pretty and sys.stdout.isatty():
        with suppress(msgspec.DecodeError):
            text = msgspec.json.format(text, indent=2)
    machine_stdout().write(safe_json(text).rstrip("\n") + "\n")
