"""The filter for annotations: JSON text, a list of types with or without descriptions."""

from collections.abc import Callable, Sequence

import msgspec

from currents_async.testing._serving.params import Params
from currents_async.testing.world import WorldExecution


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
