"""A contender in its own process: measures what it is told to on its input, a line at a time."""

import argparse
import asyncio
import gc
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import msgspec

from benchmarks import contenders
from benchmarks.cores import pin
from benchmarks.gauges import PeakMemory, StallSelector, StallSpinner, Taken
from benchmarks.loops import loop_factory
from benchmarks.server import LAST


class Hello(msgspec.Struct, frozen=True):
    """What a contender says first."""

    label: str = ""
    packages: tuple[str, ...] = ()
    missing: str | None = None
    """The package without which it cannot take part; nothing follows."""


class Order(msgspec.Struct, frozen=True):
    """What to measure next."""

    path: str
    warm: str
    """What to fetch just before, so that the connection is open and the code has run."""
    weigh: bool = False
    """Measure memory, and nothing else."""
    keep: bool = False
    """Keep all elements until the end."""


class Sample(msgspec.Struct, kw_only=True):
    """What was measured; times in seconds, sizes in bytes."""

    count: int
    """Elements handed over."""
    cpu: float = 0.0
    wall: float = 0.0
    stall: float = 0.0
    """The longest turn of the event loop."""
    first: float | None = None
    """From the server's first byte to the first element."""
    peak: int = 0
    """Growth of resident memory, at its highest."""
    retained: int = 0
    """Growth of resident memory that is still there with the elements kept."""


class Lane:
    """An open contender and the gauges around it."""

    def __init__(
        self, fetch: contenders.Fetch, server: str, selector: StallSelector | None
    ) -> None:
        self._fetch = fetch
        self._last = server.rsplit("/", 1)[0] + LAST
        self._selector = selector

    async def run(self, order: Order) -> Sample:
        """Fetch once, and measure."""
        await self._fetch(order.warm, Taken())
        taken = Taken(keep=order.keep)
        if order.weigh:
            return await self._weigh(order, taken)
        sample = await self._time(order, taken)
        if self._selector is None:
            spinner = StallSpinner()
            await self._fetch(order.path, Taken())
            sample.stall = spinner.stop()
        return sample

    async def _time(self, order: Order, taken: Taken) -> Sample:
        gc.collect()
        if self._selector is not None:
            self._selector.restart()
        wall, cpu = time.perf_counter(), time.process_time()
        await self._fetch(order.path, taken)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        stall = 0.0 if self._selector is None else self._selector.read()
        began = _ask(self._last)
        first = None if taken.first is None else taken.first - began
        return Sample(count=taken.count, cpu=cpu, wall=wall, stall=stall, first=first)

    async def _weigh(self, order: Order, taken: Taken) -> Sample:
        memory = PeakMemory()
        await self._fetch(order.path, taken)
        peak, now = memory.peak(), memory.now()
        return Sample(count=taken.count, peak=peak, retained=now)


def _ask(url: str) -> float:
    with urlopen(url) as answer:  # noqa: S310 - our own server
        return float(answer.read())


async def obey(
    contender: contenders.Contender, server: str, selector: StallSelector | None
) -> None:
    """Measure what each line of the input asks for; its end is ours."""
    async with contender.connect(server) as fetch:
        lane = Lane(fetch, server, selector)
        _say(Hello(contender.LABEL, contender.PACKAGES))
        # Blocks the loop on purpose: nothing runs between two measurements.
        for line in sys.stdin.buffer:
            _say(await lane.run(msgspec.json.decode(line, type=Order)))


def _say(answer: Hello | Sample) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Load a contender and obey."""
    parser = argparse.ArgumentParser()
    parser.add_argument("contender")
    parser.add_argument("server")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--uvloop", action="store_true")
    parser.add_argument("--anywhere", action="store_true", help="on any core: times do not count")
    options = parser.parse_args()
    sys.path.append(str(options.folder))
    try:
        selector = None if options.uvloop else StallSelector()
        factory = loop_factory(selector)
        contender = contenders.load(options.contender)
    except ModuleNotFoundError as error:
        _say(Hello(missing=error.name))
        return
    if not options.anywhere:
        pin("client")  # only now: many start at once
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(obey(contender, options.server, selector))


if __name__ == "__main__":
    main()
