"""The filters that lists, explorers and insights share."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from currents_async.testing._serving.api_response import RefusedError
from currents_async.testing._serving.params import Params
from currents_async.testing._world.executions import RunContext, WorldExecution

BOOLEAN = ("AND", "OR")


class Range(msgspec.Struct, frozen=True):
    """A stretch of time in milliseconds since the world's `EPOCH`, both ends included."""

    start: int
    end: int

    @property
    def before(self) -> "Range":
        """The stretch of the same length that ends where this one begins."""
        return Range(self.start - (self.end - self.start) - 1, self.start - 1)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs, and which groups of them, are asked for.

    An execution counts for the moment at which its run was created, so that a range of dates cuts
    no run in two, and all operations count the same.
    """

    range: Range
    tags: list[str]
    all_tags: bool = False
    branches: list[str]
    groups: list[str]
    authors: list[str]

    def covers(self, run: RunContext, during: Range | None = None) -> bool:
        """Say whether a run is asked for, by its own dates or others."""
        dates = during or self.range
        return (
            dates.start <= run.created <= dates.end
            and has_tags(self.tags, run.tags, every=self.all_tags)
            and (not self.branches or run.branch in self.branches)
            and (not self.authors or has_any(self.authors, run.authors))
            and (not self.groups or has_any(self.groups, run.groups))
        )

    def of(
        self, executions: Iterable[WorldExecution], during: Range | None = None
    ) -> list[WorldExecution]:
        """Return the executions that are asked for, by their own dates or others."""
        verdicts: dict[str, bool] = {}
        found: list[WorldExecution] = []
        for one in executions:
            run_id = one.run.run_id
            if run_id not in verdicts:
                verdicts[run_id] = self.covers(one.run, during)
            if verdicts[run_id] and (not self.groups or one.group_id in self.groups):
                found.append(one)
        return found


def read_range(asked: Params) -> Range:
    """Read `date_start` and `date_end`, which must be given."""
    start, end = asked.moment("date_start"), asked.moment("date_end")
    if start is None or end is None:
        raise RefusedError(400, "date_start and date_end are required")
    if start > end:
        raise RefusedError(400, "date_start must not be after date_end")
    return Range(start, end)


def read_scope(asked: Params, *, operator: str | None = None) -> Scope:
    """Read dates, tags, branches, groups and authors.

    `operator` names the parameter that says whether all tags must be there, if there is one. By
    default, one of them will do.
    """
    return Scope(
        range=read_range(asked),
        tags=asked.texts("tags[]"),
        all_tags=operator is not None and asked.choice(operator, BOOLEAN, "OR") == "AND",
        branches=asked.texts("branches[]"),
        groups=asked.texts("groups[]"),
        authors=asked.texts("authors[]"),
    )


def has_tags(asked: Sequence[str], have: Collection[str], *, every: bool) -> bool:
    """Say whether all tags that are asked for are there, or any of them."""
    if not asked:
        return True
    found = (tag in have for tag in asked)
    return all(found) if every else any(found)


def has_any(asked: Collection[str], have: Iterable[str | None]) -> bool:
    """Say whether any value is among those that are asked for."""
    return any(value in asked for value in have)


def contains(search: str | None, texts: Iterable[str | None]) -> bool:
    """Say whether what is searched for is a part of any text, capitals or not."""
    if not search:
        return True
    folded = search.casefold()
    return any(folded in text.casefold() for text in texts if text)


def fits_globs(globs: Sequence[str], texts: Iterable[str | None]) -> bool:
    """Say whether any text fits any pattern, in which `*` stands for anything."""
    if not globs:
        return True
    patterns = [re.compile(".*".join(map(re.escape, glob.split("*"))), re.DOTALL) for glob in globs]
    return any(pattern.fullmatch(text) for text in texts if text for pattern in patterns)


class AnnotationFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An annotation that tests must have; of several descriptions one will do."""

    type: str
    description: str | list[str] | None = None

    def is_on(self, execution: WorldExecution) -> bool:
        """Say whether an execution has it."""
        asked = [self.description] if isinstance(self.description, str) else self.description
        return any(
            kind == self.type and (asked is None or text in asked)
            for kind, text in execution.annotations
        )


def read_annotations(asked: Params) -> list[AnnotationFilter]:
    """Read the annotations that are asked for."""
    return asked.json("annotations", list[AnnotationFilter]) or []


def has_annotations(asked: Sequence[AnnotationFilter]) -> Callable[[WorldExecution], bool]:
    """Return what says whether an execution has all annotations that are asked for."""
    return lambda execution: all(one.is_on(execution) for one in asked)
