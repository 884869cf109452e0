"""The filters that lists, explorers and insights share."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from currents_async.testing._serving.api_request import ApiRequest
from currents_async.testing._serving.api_response import RefusedError
from currents_async.testing._world.executions import RunContext, WorldExecution
from currents_async.testing.world import World, WorldRun

BOOLEAN = ("AND", "OR")
PR_ID = "[!-~]{1,128}"
_ALL_TIME = 10**15
"""Milliseconds: more than 30,000 years."""


class Range(msgspec.Struct, frozen=True):
    """A period in milliseconds since the world's `EPOCH`, both ends included."""

    start: int
    end: int

    @property
    def before(self) -> "Range":
        """The period of the same length that ends where this one starts."""
        return Range(self.start - (self.end - self.start) - 1, self.start - 1)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs, and which groups of them, are requested.

    An execution counts for the time when its run was created, so that a range of dates splits no
    run, and all operations count the same.
    """

    range: Range
    tags: list[str]
    all_tags: bool = False
    branches: list[str]
    groups: list[str]
    authors: list[str]
    environments: list[str] = []

    def covers(self, run: RunContext, during: Range | None = None) -> bool:
        """Return whether a run is in scope, in the scope's range of dates or another one."""
        dates = during or self.range
        return (
            dates.start <= run.created <= dates.end
            and has_tags(self.tags, run.tags, every=self.all_tags)
            and (not self.branches or run.branch in self.branches)
            and (not self.authors or has_any(self.authors, run.authors))
            and (not self.groups or has_any(self.groups, run.groups))
            and (not self.environments or has_any(self.environments, run.environments))
        )

    def runs(self, world: World, project_id: str) -> list[WorldRun]:
        """Return the runs of a project in scope, the newest first."""
        view = world.view
        return [run for run in view.runs(project_id) if self.covers(view.context(run))]

    def of(
        self, executions: Iterable[WorldExecution], during: Range | None = None
    ) -> list[WorldExecution]:
        """Return the executions in scope, in the scope's range of dates or another one."""
        verdicts: dict[str, bool] = {}
        found: list[WorldExecution] = []
        for one in executions:
            run_id = one.run.run_id
            if run_id not in verdicts:
                verdicts[run_id] = self.covers(one.run, during)
            if verdicts[run_id] and (not self.groups or one.group_id in self.groups):
                found.append(one)
        return found


def read_range(request: ApiRequest, *, required: bool = True) -> Range:
    """Read `date_start` and `date_end`; without them, if they may be left out, it is all time."""
    start, end = request.moment("date_start"), request.moment("date_end")
    if required and (start is None or end is None):
        raise RefusedError(400, "date_start and date_end are required")
    if start is not None and end is not None and start > end:
        raise RefusedError(400, "date_start must not be after date_end")
    return Range(-_ALL_TIME if start is None else start, _ALL_TIME if end is None else end)


def read_scope(request: ApiRequest, *, operator: str | None = None) -> Scope:
    """Read dates, tags, branches, groups and authors.

    `operator` names the parameter, if there is one, that says whether all tags must be there. By
    default, one of them is enough.
    """
    return Scope(
        range=read_range(request),
        tags=request.texts("tags[]"),
        all_tags=operator is not None and request.choice(operator, BOOLEAN, "OR") == "AND",
        branches=request.texts("branches[]"),
        groups=request.texts("groups[]"),
        authors=request.texts("authors[]"),
    )


def has_tags(wanted: Sequence[str], have: Collection[str], *, every: bool) -> bool:
    """Return whether all wanted tags are there, or any of them."""
    if not wanted:
        return True
    found = (tag in have for tag in wanted)
    return all(found) if every else any(found)


def has_any(wanted: Collection[str], have: Iterable[str | None]) -> bool:
    """Return whether any value is a wanted one."""
    return any(value in wanted for value in have)


def contains(search: str | None, texts: Iterable[str | None]) -> bool:
    """Return whether any text contains the search term, ignoring case."""
    if not search:
        return True
    folded = search.strip().casefold()
    return any(folded in text.casefold() for text in texts if text)


def fits_globs(globs: Sequence[str], texts: Iterable[str | None]) -> bool:
    """Return whether any text matches any pattern, in which `*` stands for anything."""
    if not globs:
        return True
    patterns = [re.compile(".*".join(map(re.escape, glob.split("*"))), re.DOTALL) for glob in globs]
    return any(pattern.fullmatch(text) for text in texts if text for pattern in patterns)


class WantedAnnotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An annotation that tests must have; of several descriptions, one is enough."""

    type: str
    description: str | list[str] | None = None

    def is_on(self, execution: WorldExecution) -> bool:
        """Return whether an execution has it."""
        wanted = [self.description] if isinstance(self.description, str) else self.description
        return any(
            kind == self.type and (wanted is None or text in wanted)
            for kind, text in execution.annotations
        )


def read_annotations(request: ApiRequest) -> Callable[[WorldExecution], bool]:
    """Return a function that tells whether an execution has all the annotations of a query."""
    wanted = request.json("annotations", list[WantedAnnotation]) or []
    return lambda execution: all(one.is_on(execution) for one in wanted)
