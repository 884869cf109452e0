"""What the groups of operations have in common."""

from currents_async._transport import Transport
from currents_async.errors import InvalidArgumentError


class Group:
    """A group of operations, carried by one transport."""

    __slots__ = ("_project_id", "_transport")

    def __init__(self, transport: Transport, project_id: str | None) -> None:
        self._transport = transport
        self._project_id = project_id

    def _project(self, project_id: str | None) -> str:
        """Return the project an operation is about: its argument, else the client's."""
        project = project_id or self._project_id
        if project is None:
            raise InvalidArgumentError(
                "no project: pass project_id= to the call or the client, or set CURRENTS_PROJECT_ID"
            )
        return project

    def _concurrency(self, concurrency: int | None) -> int:
        return self._transport.channel.limits.concurrency if concurrency is None else concurrency
