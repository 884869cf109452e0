"""A request to an operation, and the handler that gets it."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec

from currents_async._wire.endpoint import Endpoint
from currents_async.testing._serving.api_response import ApiResponse, RefusedError
from currents_async.testing.world import World

T = TypeVar("T")


class ApiRequest(msgspec.Struct, frozen=True):
    """The arguments of an operation as they arrived."""

    path_args: dict[str, str]
    query: list[tuple[str, str]]
    body: bytes
    now: int
    """Milliseconds since the world's `EPOCH`."""


class Route(NamedTuple):
    """An operation and its handler."""

    endpoint: Endpoint[Any]
    handle: Callable[[World, ApiRequest], ApiResponse]


def read_body(request: ApiRequest, kind: type[T]) -> T:
    """Decode the body of a request, or refuse it."""
    try:
        return msgspec.json.decode(request.body, type=kind)
    except msgspec.ValidationError as error:
        raise RefusedError(400, f"Invalid request body: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RefusedError(400, "Request body is not valid JSON") from None


def known_project(world: World, project_id: str) -> str:
    """Return the ID of a project that exists, if only in one of its runs."""
    if any(project.project_id == project_id for project in world.projects):
        return project_id
    if any(run.project_id == project_id for run in world.runs.values()):
        return project_id
    raise RefusedError(404, "Project not found")
