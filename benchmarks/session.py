"""The processes of a suite: one server, and contenders, each in a process of its own."""

import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

from msgspec.structs import replace

from benchmarks.contenders import Contender, load
from benchmarks.measuring import loop_factory
from benchmarks.payloads import SMALL, Payload
from benchmarks.processes import Failed, Process, Server
from benchmarks.report import Part, Report
from benchmarks.results import Results
from benchmarks.server import Files, Service
from benchmarks.worker import Keep, Order, Sample


class Case(NamedTuple):
    """A contender at work: what it fetches, over which link, on which event loop."""

    contender: str
    path: str
    latency_ms: int = 0
    bytes_per_second: int = 0
    """0 for as fast as it can."""
    uvloop: bool = False

    @property
    def process(self) -> "Case":
        """Cases for which this is equal share a process."""
        return self._replace(path="")

    @property
    def link(self) -> str:
        """What a URL of `Files` begins with."""
        is_loopback = not self.latency_ms and not self.bytes_per_second
        return "" if is_loopback else f"/{self.latency_ms}ms,{self.bytes_per_second}Bps"


class Session(ExitStack):
    """A folder, a server and the contenders that have been started; all end with the context."""

    folder: Path
    server: Server
    url: str
    """Of what the server serves."""

    def __init__(self) -> None:
        super().__init__()
        self.contenders: dict[str, Contender] = {}
        """Those that take part, by their names."""
        self.missing: dict[str, str] = {}
        """Contenders that cannot take part, and why."""
        self._processes: dict[Case, Process] = {}
        self._payloads: dict[str, Payload] = {}

    def __enter__(self) -> Self:
        super().__enter__()
        self.folder = Path(self.enter_context(TemporaryDirectory()))
        sys.path.append(str(self.folder))  # contenders may import from there
        self.server = self.enter_context(Server())
        return self

    def serve(self, service: Service) -> None:
        """Serve this from now on."""
        self.url = self.server.serve(service)
        self._payloads = {}

    def serve_files(self, payloads: dict[str, Payload]) -> None:
        """Serve the folder; abort when a contender does not hand over all of a payload."""
        self.serve(Files(str(self.folder)))
        self._payloads = payloads

    def start(self, cases: Iterable[Case]) -> list[Case]:
        """Start what is not running, all at once; return the cases that can take part."""
        ready = [case for case in cases if self._can_start(case)]
        for case in ready:
            if case.process not in self._processes:
                self._processes[case.process] = self.enter_context(self.alone(case))
        return ready

    def run(
        self, cases: Iterable[Case], rounds: int, keep: Keep = "nothing"
    ) -> Results[Case, Sample]:
        """Measure all cases in turn; the first round warms up, and does not count."""
        order = Order(warm=SMALL, keep=keep)
        samples: dict[Case, list[Sample]] = {case: [] for case in self.start(cases)}
        for _ in range(1 + rounds):
            for case, found in samples.items():
                found.append(self.ask(case, order))
        return Results({case: found[1:] for case, found in samples.items()})

    def weigh(self, cases: Iterable[Case], rounds: int, keep: Keep) -> Results[Case, Sample]:
        """Measure memory, each time in a new process."""
        order = Order(warm=SMALL, keep=keep, memory=True)
        samples: dict[Case, list[Sample]] = {case: [] for case in self.start(cases)}
        todo = [case for case in samples for _ in range(rounds)]
        # Two at once: what else the machine does changes times, not sizes.
        with ThreadPoolExecutor(2) as pool:
            found = pool.map(lambda case: self.ask_alone(case, order, "anywhere"), todo)
            for case, sample in zip(todo, found, strict=True):
                samples[case].append(sample)
        return Results(samples)

    def ask(self, case: Case, order: Order, process: Process | None = None) -> Sample:
        """Measure once, in the process of a case or another, and ask what the server served."""
        if process is None:
            [case] = self.start([case])
            process = self._processes[case.process]
        sample = self._ask(case, order, process)
        sample.counts = self.server.counts()
        if sample.first is not None:
            sample.first -= sample.counts.get("began", 0) / 1e9
        return sample

    def ask_alone(self, case: Case, order: Order, *flags: str) -> Sample:
        """Measure once, in a new process."""
        with self.alone(case, *flags) as process:
            return self._ask(case, order, process)

    def alone(self, case: Case, *flags: str) -> Process:
        """Start a process that ends with its context."""
        loop = ("uvloop",) if case.uvloop else ()
        return Process("benchmarks.worker", case.contender, str(self.folder), *loop, *flags)

    def _can_start(self, case: Case) -> bool:
        """Import what its process will import."""
        try:
            self.contenders[case.contender] = load(case.contender)
            if case.uvloop:
                loop_factory(None)
        except ModuleNotFoundError as error:
            self.missing[case.contender] = f"{error.name} is not installed"
            return False
        return True

    def _ask(self, case: Case, order: Order, process: Process) -> Sample:
        order = replace(order, server=self.url + case.link, path=case.path)
        sample = process.ask(order, Sample)
        if case.path in self._payloads:
            is_floor = case.contender.startswith("floor_")
            expected = 0 if is_floor else self._payloads[case.path].count
            if {sample.count, len(set(sample.ids)) or sample.count} != {expected}:
                done = f"{sample.count} of {expected} elements of {case.path}"
                raise Failed(f"{case.contender} handed over {done}")  # the numbers would be a lie
        return sample

    def rows(self, cases: Iterable[Case]) -> dict[str, Case]:
        """Return cases that have been started, by their labels in the tables."""
        return {self.contenders[case.contender].LABEL: case for case in cases}

    def report(self, parts: Sequence[Part], *packages: str) -> Report:
        """Return a report of all who took part."""
        used = [one for contender in self.contenders.values() for one in contender.PACKAGES]
        return Report(parts, [*packages, *used], self.missing)


def raw(results: Results[Case, Sample]) -> list[dict[str, object]]:
    """Return everything, for JSON."""
    return [{**case._asdict(), "rounds": rounds} for case, rounds in results.items()]
