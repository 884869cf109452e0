"""Which errors end a harvest, and which are about a single list, run or instance."""

from collections import Counter
from collections.abc import Collection

from currents_async import (
    ConnectError,
    CurrentsError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    TransportError,
    UnauthorizedError,
)
from currents_async._fanout.pool import CLIENT_ERRORS

_FATAL = (*CLIENT_ERRORS, ConnectError, RateLimitedError, UnauthorizedError)
"""About the client, its key or the network, not about what was requested."""
_PROJECT_REFUSED = (ForbiddenError, NotFoundError)
"""When a list of runs fails with these, its project is to blame."""
_SERVICE_DOWN = (ServerError, TransportError)
"""When the first list of runs fails with these, the service is to blame."""
_MAX_REFUSALS = 64
"""Refused requests of a kind, with none granted, after which a harvest ends."""


class Failures:
    """Remembers what succeeded and what failed, and raises what is about more than one item."""

    def __init__(self, projects: Collection[str]) -> None:
        """Judge a harvest; without all its `projects`, lists that fail are raised."""
        self._projects = frozenset(projects)
        self._listed_projects: set[str] = set()
        self.refused_projects: dict[str, CurrentsError] = {}
        """Projects whose lists were refused: they are not requested again."""
        self._granted: set[str] = set()
        self._refused: dict[str, ForbiddenError] = {}
        self._counts: Counter[str] = Counter()

    def list_succeeded(self, project_id: str) -> None:
        """Note that a page of a project's runs was received."""
        self._listed_projects.add(project_id)

    def list_failed(self, project_id: str, error: CurrentsError) -> None:
        """Note why a list failed; raise the error if it is about more than one list or project."""
        if not self._projects:
            raise error
        if isinstance(error, _PROJECT_REFUSED):
            if project_id in self._listed_projects:
                return
            self.refused_projects[project_id] = error
            if self._projects <= self.refused_projects.keys():
                raise error
        elif isinstance(error, _FATAL) or (
            isinstance(error, _SERVICE_DOWN) and not self._listed_projects
        ):
            raise error

    def item_succeeded(self, kind: str) -> None:
        """Note that a run or an instance was received: refusals of others are about them alone."""
        self._granted.add(kind)

    def item_failed(self, kind: str, error: CurrentsError, *, was_granted_before: bool) -> None:
        """Note why a run or an instance failed; raise the error if it is about more than one."""
        if isinstance(error, _FATAL):
            raise error
        if was_granted_before or kind in self._granted or not isinstance(error, ForbiddenError):
            return
        self._refused.setdefault(kind, error)
        self._counts[kind] += 1
        if self._counts[kind] >= _MAX_REFUSALS:
            raise error

    def check_at_end(self) -> None:
        """Raise the first refusal of a kind of which every request was refused."""
        refused, self._refused = self._refused, {}
        for kind, error in refused.items():
            if kind not in self._granted:
                raise error
