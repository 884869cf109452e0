"""What was measured of each case, round by round, and the medians of that."""

from collections.abc import Callable, Sequence
from statistics import median

from benchmarks.report import number
from benchmarks.session import Case
from benchmarks.worker import Sample

Value = Callable[[Sample], float | None]


def value(field: str, scale: float = 1.0) -> Value:
    """Return what reads a field of a sample in a unit of its own."""

    def read(sample: Sample) -> float | None:
        found: float | None = getattr(sample, field)
        return None if found is None else found * scale

    return read


def middle(values: Sequence[float | None]) -> float | None:
    """Return the median of what is known."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def ratio(
    ones: Sequence[float | None] | None, others: Sequence[float | None] | None
) -> float | None:
    """Return the median of the ratios within each round: what slows both, cancels out."""
    if ones is None or others is None:
        return None
    pairs = zip(ones, others, strict=True)
    return middle([None if one is None or not other else one / other for one, other in pairs])


class Results:
    """The samples of each case, by round. Cases that did not take part have None for everything."""

    def __init__(self, samples: dict[Case, list[Sample]]) -> None:
        self._samples = samples

    def __contains__(self, case: Case) -> bool:
        return case in self._samples

    def median(self, case: Case, read: Value) -> float | None:
        """Return the median over the rounds."""
        return middle(self._values(case, read))

    def ratio(self, case: Case, other: Case, read: Value) -> float | None:
        """Return how many times as much as the other it is."""
        if case not in self or other not in self:
            return None
        return ratio(self._values(case, read), self._values(other, read))

    def cells(self, read: Value, digits: int = 1, unit: str = "") -> Callable[[Case], str]:
        """Return a column of medians."""
        return lambda case: number(self.median(case, read), digits, unit)

    def ratios(self, other: Case, read: Value) -> Callable[[Case], str]:
        """Return a column of ratios."""
        return lambda case: number(self.ratio(case, other, read), 2, "x")

    def excess(self, case: Case, other: Case, read: Value) -> float | None:
        """Return the difference of the medians."""
        one, two = self.median(case, read), self.median(other, read)
        return None if one is None or two is None else one - two

    def _values(self, case: Case, read: Value) -> list[float | None]:
        return [read(sample) for sample in self._samples.get(case, ())]

    def raw(self) -> list[dict[str, object]]:
        """Return everything, for JSON."""
        return [
            {
                "contender": case.contender,
                "path": case.path,
                "latency_ms": case.link.latency_ms,
                "bytes_per_second": case.link.bytes_per_second,
                "uvloop": case.uvloop,
                "rounds": samples,
            }
            for case, samples in self._samples.items()
        ]
