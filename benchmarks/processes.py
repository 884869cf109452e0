"""The processes of a session: one server, and one for each contender on each kind of link."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from benchmarks.worker import Hello, Order, Sample


class Failed(Exception):  # noqa: N818 - what happened
    """A contender failed, or did different work: the numbers would mean nothing."""


class Link(NamedTuple):
    """How far away the server is."""

    latency_ms: int = 0
    bytes_per_second: int = 0
    """0 for as fast as it can."""


LOOPBACK = Link()


class Lineup(NamedTuple):
    """A contender as it takes part: by its file, over a link, on an event loop."""

    contender: str
    link: Link = LOOPBACK
    uvloop: bool = False


class Process:
    """A Python process of this package that is spoken to in lines; it ends when its input does."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._popen = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, line: bytes) -> bytes:
        """Send a line and return the answer."""
        assert self._popen.stdin is not None  # noqa: S101 - a pipe, above
        self._popen.stdin.write(line + b"\n")
        self._popen.stdin.flush()
        return self.read()

    def read(self) -> bytes:
        """Return the next line, empty when the process has ended."""
        assert self._popen.stdout is not None  # noqa: S101 - a pipe, above
        return self._popen.stdout.readline().rstrip(b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._popen.communicate()


class Field:
    """The session's folder and server, and the contenders that have been started."""

    def __init__(self, folder: Path, port: int, stack: ExitStack) -> None:
        self.folder = folder
        self.labels: dict[str, str] = {}
        """What contenders that have been started are called in the tables."""
        self.packages: set[str] = set()
        """The distributions that they depend on."""
        self.missing: dict[str, str] = {}
        """Contenders that cannot take part, and why."""
        self._port = port
        self._stack = stack
        self._started: dict[Lineup, Process] = {}

    def start(self, lineups: list[Lineup]) -> dict[Lineup, Process]:
        """Start contenders, all at once; leave out those whose packages are missing."""
        new = [lineup for lineup in lineups if lineup not in self._started]
        spawned = [self._stack.enter_context(self._spawn(lineup)) for lineup in new]
        for lineup, process in zip(new, spawned, strict=True):
            if self._is_ready(lineup, process):
                self._started[lineup] = process
        return {lineup: self._started[lineup] for lineup in lineups if lineup in self._started}

    def weigh(self, lineup: Lineup, order: Order) -> Sample | None:
        """Measure once, in a process that has done nothing else."""
        with self._spawn(lineup, "--anywhere") as process:
            return measure(lineup, process, order) if self._is_ready(lineup, process) else None

    def _spawn(self, lineup: Lineup, *flags: str) -> Process:
        link = lineup.link
        server = f"http://127.0.0.1:{self._port}/{link.latency_ms}ms,{link.bytes_per_second}Bps"
        if lineup.uvloop:
            flags = (*flags, "--uvloop")
        return Process("benchmarks.worker", lineup.contender, server, str(self.folder), *flags)

    def _is_ready(self, lineup: Lineup, process: Process) -> bool:
        line = process.read()
        if not line:
            raise Failed(f"{lineup.contender} did not start")
        hello = msgspec.json.decode(line, type=Hello)
        if hello.missing is not None:
            self.missing[lineup.contender] = f"{hello.missing} is not installed"
            return False
        self.labels[lineup.contender] = hello.label
        self.packages.update(hello.packages)
        return True


def measure(lineup: Lineup, process: Process, order: Order) -> Sample:
    """Let a contender fetch once; raise `Failed` when it cannot."""
    line = process.ask(msgspec.json.encode(order))
    if not line:
        raise Failed(f"{lineup.contender} failed on {order.path}")
    return msgspec.json.decode(line, type=Sample)


@contextmanager
def field(folder: Path) -> Iterator[Field]:
    """Start the server of a folder; end everything with the context."""
    with ExitStack() as stack:
        server = stack.enter_context(Process("benchmarks.server", str(folder)))
        yield Field(folder, int(server.read()), stack)
