"""Annotations of tests: who owns them, what they measured, and other notes of their authors.

Source: `docs/api/fields.md`, "Annotations".
"""

from collections.abc import Iterable

import msgspec

from currents_async.models._model import Model, OpenEnum

__all__ = ["Annotation", "Metric", "MetricType", "MetricUnit"]

_OWNER = "owner"
_METRIC = "currents:metric"


class Annotation(Model, frozen=True, gc=False, kw_only=True):
    """A note on a test in its source, for example its owner."""

    type: str = ""
    """`owner`, `issue`, or another; a test may have several of the same type."""
    description: str | None = None


class MetricType(OpenEnum):
    """The kinds of numbers that tests measure."""

    FLOAT = "float"
    INTEGER = "integer"


class MetricUnit(OpenEnum):
    """The units that tests measure in."""

    NONE = "none"
    MILLISECONDS = "ms"
    SECONDS = "s"
    PERCENT = "%"
    BYTES = "b"
    KILOBYTES = "kb"
    MEGABYTES = "mb"
    GIGABYTES = "gb"


class Metric(Model, frozen=True, gc=False, kw_only=True):
    """A number that a test measured, from an annotation of the type `currents:metric`."""

    name: str
    value: int | float
    type: MetricType = MetricType.FLOAT
    unit: MetricUnit = MetricUnit.NONE


class HasAnnotations(Model, frozen=True, gc=False, kw_only=True):
    """Base of the models of tests that have annotations."""

    annotations: tuple[Annotation, ...] = ()
    """In the order of the source: read `owners` and `metrics` for those with a meaning."""

    @property
    def owners(self) -> tuple[str, ...]:
        """Who owns the test, each once, by its annotations of the type `owner`."""
        if not self.annotations:
            return ()
        return tuple(dict.fromkeys(_descriptions(self.annotations, _OWNER)))

    @property
    def owner(self) -> str | None:
        """The first of `owners`."""
        return next(iter(self.owners), None)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What the test measured, by its annotations of the type `currents:metric`.

        A test can write anything there: what is no metric is left out.
        """
        read = map(_read_metric, _descriptions(self.annotations, _METRIC))
        return tuple(metric for metric in read if metric is not None)


def _descriptions(annotations: Iterable[Annotation], kind: str) -> list[str]:
    return [one.description for one in annotations if one.type == kind and one.description]


def _read_metric(text: str) -> Metric | None:
    try:
        return msgspec.json.decode(text, type=Metric)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
