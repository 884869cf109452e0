"""The processes of a suite: one server, and contenders, each in a process of its own."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

from benchmarks.processes import Process, Server
from benchmarks.worker import Hello, Order, Sample


class Link(NamedTuple):
    """How far away the server is."""

    latency_ms: int = 0
    bytes_per_second: int = 0
    """0 for as fast as it can."""


LOOPBACK = Link()


class Case(NamedTuple):
    """A contender at work: what it fetches, over which link, on which event loop."""

    contender: str
    path: str
    link: Link = LOOPBACK
    uvloop: bool = False

    @property
    def process(self) -> "Case":
        """Cases for which this is equal share a process."""
        return self._replace(path="")


class Session(ExitStack):
    """A folder, a server and the contenders that have been started; all end with the context."""

    folder: Path
    server: Server

    def __init__(self) -> None:
        super().__init__()
        self.labels: dict[str, str] = {}
        """What contenders that have been started are called in the tables."""
        self.packages: set[str] = set()
        """The distributions that they depend on."""
        self.missing: dict[str, str] = {}
        """Contenders that cannot take part, and why."""
        self._processes: dict[Case, Process] = {}

    def __enter__(self) -> Self:
        super().__enter__()
        self.folder = Path(self.enter_context(TemporaryDirectory()))
        self.server = self.enter_context(Server())
        return self

    def start(self, cases: Iterable[Case]) -> list[Case]:
        """Start what is not running, all at once; return the cases that can take part."""
        cases = list(cases)
        new = dict.fromkeys(case.process for case in cases if case.process not in self._processes)
        started = {case: self.enter_context(self._new(case)) for case in new}
        for case, process in started.items():
            if self._is_ready(case, process):
                self._processes[case] = process
        return [case for case in cases if case.process in self._processes]

    def ask(self, case: Case, order: Order) -> Sample:
        """Measure once, in the process of a case, which is started if need be."""
        [case] = self.start([case])
        return self._processes[case.process].ask(order, Sample)

    def ask_alone(self, case: Case, order: Order, *flags: str) -> Sample | None:
        """Measure once, in a new process; return None if the case cannot take part."""
        with self.alone(case, *flags) as process:
            return None if process is None else process.ask(order, Sample)

    @contextmanager
    def alone(self, case: Case, *flags: str) -> Iterator[Process | None]:
        """Start a process that ends with the context; yield None if the case cannot take part."""
        with self._new(case, *flags) as process:
            yield process if self._is_ready(case, process) else None

    def _new(self, case: Case, *flags: str) -> Process:
        loop = ("uvloop",) if case.uvloop else ()
        return Process("benchmarks.worker", case.contender, str(self.folder), *loop, *flags)

    def _is_ready(self, case: Case, process: Process) -> bool:
        hello = process.read(Hello)
        if hello.missing is not None:
            self.missing[case.contender] = f"{hello.missing} is not installed"
            return False
        self.labels[case.contender] = hello.label
        self.packages.update(hello.packages)
        return True
