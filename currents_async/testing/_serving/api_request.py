"""A call as it came over the wire, and what it is handed to."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec

from currents_async._wire.endpoint import Endpoint
from currents_async.testing._serving.api_response import ApiResponse, RefusedError
from currents_async.testing.world import World

T = TypeVar("T")


class ApiRequest(msgspec.Struct, frozen=True):
    """The arguments of an operation as they came over the wire."""

    path_args: dict[str, str]
    query: list[tuple[str, str]]
    body: bytes
    now: int
    """Milliseconds since the world's `EPOCH`."""


class Route(NamedTuple):
    """An operation and what it does."""

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
    """Return the ID of a project that there is, if only because a run says so."""
    if any(project.project_id == project_id for project in world.projects):
        return project_id
    if any(run.project_id == project_id for run in world.runs.values()):
        return project_id
    raise RefusedError(404, "Project not found")
