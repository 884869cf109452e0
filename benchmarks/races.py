"""Who is measured on what, round by round in turn, and the medians of that."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import NamedTuple

from benchmarks.payloads import SMALL, Payload
from benchmarks.processes import Failed, Field, Lineup, Process, measure
from benchmarks.worker import Order, Sample

Value = Callable[[Sample], float]

_AT_ONCE = 2


class Entry(NamedTuple):
    """A contender on a payload."""

    lineup: Lineup
    path: str


class Results:
    """The samples of each entry, by round."""

    def __init__(self, samples: dict[Entry, list[Sample]]) -> None:
        self._samples = samples

    def __contains__(self, entry: Entry) -> bool:
        """Say whether the entry took part."""
        return entry in self._samples

    def median(self, entry: Entry, value: Value) -> float | None:
        """Return the median over the rounds, None for who did not take part."""
        samples = self._samples.get(entry)
        return median(map(value, samples)) if samples else None

    def ratio(self, entry: Entry, other: Entry, value: Value) -> float | None:
        """Return the median of the ratios within each round: what slows both, cancels out."""
        return self._paired(entry, other, lambda one, two: value(one) / value(two))

    def excess(self, entry: Entry, other: Entry, value: Value) -> float | None:
        """Return the difference of the medians."""
        one, two = self.median(entry, value), self.median(other, value)
        return None if one is None or two is None else one - two

    def _paired(
        self, entry: Entry, other: Entry, compare: Callable[[Sample, Sample], float]
    ) -> float | None:
        ones, twos = self._samples.get(entry), self._samples.get(other)
        if not ones or not twos:
            return None
        return median(map(compare, ones, twos))

    def raw(self) -> list[dict[str, object]]:
        """Return everything, for JSON."""
        return [
            {
                "contender": entry.lineup.contender,
                "path": entry.path,
                "latency_ms": entry.lineup.link.latency_ms,
                "bytes_per_second": entry.lineup.link.bytes_per_second,
                "uvloop": entry.lineup.uvloop,
                "rounds": samples,
            }
            for entry, samples in self._samples.items()
        ]


class Track:
    """A server, and payloads whose number of elements is known."""

    def __init__(self, field: Field, payloads: dict[str, Payload]) -> None:
        self._field = field
        self._payloads = payloads

    def race(self, entries: Sequence[Entry], rounds: int, *, keep: bool = False) -> Results:
        """Measure all entries in turn; the first round warms up, and does not count.

        With `keep`, what was fetched is freed when the clocks have stopped.
        """
        processes = self._field.start(list(dict.fromkeys(entry.lineup for entry in entries)))
        present = [entry for entry in entries if entry.lineup in processes]
        samples: dict[Entry, list[Sample]] = {entry: [] for entry in present}
        for _ in range(1 + rounds):
            for entry in present:
                samples[entry].append(self._measure(entry, processes[entry.lineup], keep=keep))
        return Results({entry: found[1:] for entry, found in samples.items()})

    def weigh(self, entries: Iterable[Entry], rounds: int, *, keep: bool) -> Results:
        """Measure memory, each time in a new process."""
        todo = [entry for entry in entries for _ in range(rounds)]
        samples: dict[Entry, list[Sample]] = {}
        # Two at once: what else the machine does changes times, not sizes.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(lambda entry: self._weigh(entry, keep=keep), todo)
            for entry, sample in zip(todo, found, strict=True):
                if sample is not None:
                    samples.setdefault(entry, []).append(sample)
        return Results(samples)

    def _weigh(self, entry: Entry, *, keep: bool) -> Sample | None:
        order = Order(entry.path, SMALL, weigh=True, keep=keep)
        sample = self._field.weigh(entry.lineup, order)
        if sample is not None:
            self._check(entry, sample)
        return sample

    def _measure(self, entry: Entry, process: Process, *, keep: bool) -> Sample:
        sample = measure(entry.lineup, process, Order(entry.path, SMALL, keep=keep))
        self._check(entry, sample)
        return sample

    def _check(self, entry: Entry, sample: Sample) -> None:
        """Abort when a contender did not do all the work: its numbers would be a lie."""
        is_floor = entry.lineup.contender.startswith("floor_")
        expected = 0 if is_floor else self._payloads[entry.path].count
        if sample.count != expected:
            name, path = entry.lineup.contender, entry.path
            raise Failed(f"{name} handed over {sample.count} of {expected} elements of {path}")
