"""A contender in a process of its own: does what each line of its input orders, and measures it."""

import asyncio
import gc
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Literal

import msgspec

from benchmarks import contenders
from benchmarks.measuring import PeakMemory, StallSelector, StallSpinner, loop_factory
from benchmarks.processes import Counts, pin, say

Keep = Literal["nothing", "ids", "everything"]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to do next, and what to measure beside its times."""

    server: str = ""
    path: str = ""
    """What to fetch: both are filled in by the session."""
    options: dict[str, Any] = {}
    """Arguments of the contender's `connect`; its client is kept for as long as they are equal."""
    warm: str | None = None
    """What to fetch just before, so that connections are open and the code has run."""
    calls: int | None = None
    """Calls at once, whose errors are counted. None: one call, which must not fail."""
    keep: Keep = "nothing"
    """Which of the elements, or their instances' IDs, to keep until the end."""
    memory: bool = False


class Sample(msgspec.Struct, kw_only=True):
    """What was measured; times in seconds, sizes in bytes."""

    count: int
    """Elements handed over."""
    ids: list[str]
    """Of the instances handed over, if they were to be kept."""
    errors: dict[str, int]
    """Calls that failed, by the type of the error."""
    cpu: float
    wall: float
    stall: float
    """The longest iteration of the event loop."""
    busy: float | None
    """The same by the CPU's clock, where it can be timed."""
    first: float | None
    """When the first element came, by `time.perf_counter`, which all processes share."""
    peak: int | None
    """Growth of resident memory at its highest, if it was to be measured and can be."""
    retained: int | None
    """Growth of resident memory that is still there, with what was kept."""
    counts: Counts = {}
    """What the server has served meanwhile, if the session has asked it."""

    @property
    def requests(self) -> int:
        """How many the server got."""
        return sum(self.counts.values())

    @property
    def throttled(self) -> float:
        """The percentage of all responses that were 429."""
        return 100 * self.counts.get("429", 0) / self.requests

    @property
    def above(self) -> int | None:
        """How far `peak` is above `retained`."""
        return None if self.peak is None or self.retained is None else self.peak - self.retained


class Taken:
    """Takes what a contender hands over: counts it, and keeps what is to be kept."""

    def __init__(self, keep: Keep = "nothing") -> None:
        self.count = 0
        self.first: float | None = None
        self.errors = Counter[str]()
        self.kept: list[Any] = []
        self._keep = keep

    def __call__(self, elements: Sequence[Any]) -> None:
        """Take specs, tests or instances."""
        if self.first is None and elements:
            self.first = time.perf_counter()
        self.count += len(elements)
        if self._keep == "everything":
            self.kept.extend(elements)
        elif self._keep == "ids":
            self.kept.extend(element.instance_id for element in elements)

    def failed(self, error: BaseException) -> None:
        """Count a failure that did not end the whole."""
        self.errors[type(error).__name__] += 1


async def _fetch(fetch: contenders.Fetch, order: Order, taken: Taken) -> None:
    if order.calls is None:
        await fetch(order.path, taken)
        return
    calls = [fetch(order.path, taken) for _ in range(order.calls)]
    for error in await asyncio.gather(*calls, return_exceptions=True):
        if error is not None:
            taken.failed(error)


async def _measure(fetch: contenders.Fetch, order: Order, selector: StallSelector | None) -> Sample:
    if order.warm is not None:
        await fetch(order.warm, Taken())
    taken = Taken(order.keep)
    gc.collect()
    memory = PeakMemory() if order.memory else None
    wall, cpu = time.perf_counter(), time.process_time()
    if selector is not None:
        selector.restart()
    await _fetch(fetch, order, taken)
    if selector is not None:
        selector.stop()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Sample(
        count=taken.count,
        ids=taken.kept if order.keep == "ids" else [],
        errors=taken.errors,
        cpu=cpu,
        wall=wall,
        stall=await _spin(fetch, order) if selector is None else selector.longest,
        busy=None if selector is None else selector.busiest,
        first=taken.first,
        peak=None if memory is None else memory.peak(),
        retained=None if memory is None else memory.now(),
    )


async def _spin(fetch: contenders.Fetch, order: Order) -> float:
    """Fetch again, where only the loop's own callbacks can time it; return the longest gap."""
    spinner = StallSpinner()
    await _fetch(fetch, order, Taken())
    return spinner.stop()


async def _work(contender: contenders.Contender, selector: StallSelector | None) -> None:
    """Obey each line of the input; its end is ours."""
    arguments: tuple[str, dict[str, Any]] | None = None
    async with AsyncExitStack() as stack:
        # Blocks the loop on purpose: nothing runs between two measurements.
        for line in sys.stdin.buffer:
            order = msgspec.json.decode(line, type=Order)
            if arguments != (order.server, order.options):
                arguments = order.server, order.options
                await stack.aclose()
                client = contender.connect(order.server, **order.options)
                fetch = await stack.enter_async_context(client)
            say(await _measure(fetch, order, selector))


def main(name: str, folder: str, *flags: str) -> None:
    """Load a contender, which may import from a folder, and obey."""
    sys.path.append(folder)
    selector = None if "uvloop" in flags else StallSelector()
    factory = loop_factory(selector)
    contender = contenders.load(name)
    if "anywhere" not in flags:  # where times do not count
        pin("client")  # only now: many start at once
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_work(contender, selector))


if __name__ == "__main__":
    main(*sys.argv[1:])
