"""Contenders that are measured in turn on the same payloads."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks import payloads
from benchmarks.processes import Failed
from benchmarks.results import Results
from benchmarks.services import Files
from benchmarks.session import Case, Session
from benchmarks.worker import Keep, Order, Sample

_AT_ONCE = 2


class Race:
    """A session, and payloads whose number of elements is known."""

    def __init__(self, session: Session, sizes: payloads.Sizes) -> None:
        self.session = session
        self.written = payloads.write(session.folder, sizes)
        self._url = session.server.serve(Files(str(session.folder)))

    def run(self, cases: Sequence[Case], rounds: int, keep: Keep = "nothing") -> Results:
        """Measure all cases in turn; the first round warms up, and does not count."""
        samples: dict[Case, list[Sample]] = {case: [] for case in self.session.start(cases)}
        for _ in range(1 + rounds):
            for case, found in samples.items():
                sample = self._checked(case, self.session.ask(case, self._order(case, keep)))
                if sample.first is not None:
                    sample.first -= self.session.server.counts()["began"] / 1e9
                found.append(sample)
        return Results({case: found[1:] for case, found in samples.items()})

    def weigh(self, cases: Sequence[Case], rounds: int, keep: Keep) -> Results:
        """Measure memory, each time in a new process."""
        todo = [case for case in cases for _ in range(rounds)]
        samples: dict[Case, list[Sample]] = {}
        # Two at once: what else the machine does changes times, not sizes.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(lambda case: self._weigh(case, keep), todo)
            for case, sample in zip(todo, found, strict=True):
                if sample is not None:
                    samples.setdefault(case, []).append(sample)
        return Results(samples)

    def _weigh(self, case: Case, keep: Keep) -> Sample | None:
        sample = self.session.ask_alone(case, self._order(case, keep, memory=True), "anywhere")
        return sample and self._checked(case, sample)

    def _order(self, case: Case, keep: Keep, *, memory: bool = False) -> Order:
        link = f"{case.link.latency_ms}ms,{case.link.bytes_per_second}Bps"
        return Order(
            server=f"{self._url}/{link}",
            path=case.path,
            warm=payloads.SMALL,
            keep=keep,
            memory=memory,
        )

    def _checked(self, case: Case, sample: Sample) -> Sample:
        """Abort when a contender did not do all the work: its numbers would be a lie."""
        is_floor = case.contender.startswith("floor_")
        expected = 0 if is_floor else self.written[case.path].count
        if sample.count != expected:
            done = f"{sample.count} of {expected} elements of {case.path}"
            raise Failed(f"{case.contender} handed over {done}")
        return sample
