"""A client in a process of its own, put to trials: `python -m benchmarks.trials`.

A line of its input is an `Order`; the answer is a list of `Outcome`s, one for each round.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from benchmarks.cores import pin
from benchmarks.gauges import BusySelector, PeakMemory, can_weigh
from benchmarks.loops import loop_factory
from currents_async import Currents, Retries

Operation = Literal["get", "stream", "instance"]
"""`runs.get`, `runs.stream` or `instances.get`."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to do, with a client whose options are the default ones."""

    trial: Operation | Literal["fan_out", "many"]
    url: str
    key: str = "key"
    target: str = "r"
    """A run, or an instance."""
    warm: str | None = None
    """A run to fan out over before; the code has run then, and connections are open."""
    calls: int = 1
    """At once, or of a fan-out over IDs."""
    rounds: int = 1
    attempts: int | None = None
    """None for the default."""


class Outcome(msgspec.Struct, kw_only=True):
    """What came of it; times in seconds, sizes in bytes."""

    instances: list[str] = []
    """The IDs of those that were handed over."""
    errors: dict[str, int] = {}
    """Calls that failed, by the type of the error."""
    wall: float = 0.0
    cpu: float = 0.0
    stall: float | None = None
    """The longest turn of the event loop, where it can be timed."""
    busy: float | None = None
    """The same by the CPU's clock."""
    peak: int | None = None
    """Growth of resident memory, at its highest, where it can be measured."""


class Results:
    """What a trial has brought so far."""

    def __init__(self) -> None:
        self.instances: list[str] = []
        self.errors = Counter[str]()

    async def note_failure(self, call: Awaitable[object]) -> None:
        """Make a call, and drop what it returns."""
        try:
            await call
        except Exception as error:  # noqa: BLE001 - whatever it is, the tables show it
            self.errors[type(error).__name__] += 1


async def _fan_out(currents: Currents, order: Order, results: Results) -> None:
    # The request for the run may fail as well, and then there is no more to come.
    await results.note_failure(_collect(currents, order, results))


async def _collect(currents: Currents, order: Order, results: Results) -> None:
    async with currents.runs.instances(order.target, on_error="collect") as found:
        async for one in found:
            if one.instance is not None:
                results.instances.append(one.instance.instance_id)
            elif one.error is not None:
                results.errors[type(one.error).__name__] += 1


async def _many(currents: Currents, order: Order, results: Results) -> None:
    ids = [f"instance-{number}" for number in range(order.calls)]
    for one in await currents.instances.get_many(ids, on_error="collect"):
        if one.error is not None:
            results.errors[type(one.error).__name__] += 1


def _at_once(
    call: Callable[[Currents, str], Awaitable[object]],
) -> Callable[[Currents, Order, Results], Awaitable[None]]:
    async def trial(currents: Currents, order: Order, results: Results) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(order.calls):
                group.create_task(results.note_failure(call(currents, order.target)))

    return trial


async def _stream(currents: Currents, run: str) -> None:
    async with currents.runs.stream(run) as specs:
        async for _ in specs.batches():
            pass


_TRIALS = {
    "fan_out": _fan_out,
    "many": _many,
    "get": _at_once(lambda currents, run: currents.runs.get(run)),
    "stream": _at_once(_stream),
    "instance": _at_once(lambda currents, run: currents.instances.get(run)),
}


async def obey(order: Order, selector: BusySelector | None) -> list[Outcome]:
    """Do it as often as asked for, with one client."""
    retries = Retries() if order.attempts is None else Retries(attempts=order.attempts)
    async with Currents(order.key, base_url=order.url, retries=retries) as currents:
        if order.warm is not None:
            await _fan_out(currents, msgspec.structs.replace(order, target=order.warm), Results())
        return [await _measure(currents, order, selector) for _ in range(order.rounds)]


async def _measure(currents: Currents, order: Order, selector: BusySelector | None) -> Outcome:
    results = Results()
    memory = PeakMemory() if can_weigh() else None
    if selector is not None:
        selector.restart()
    wall, cpu = time.perf_counter(), time.process_time()
    await _TRIALS[order.trial](currents, order, results)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Outcome(
        instances=results.instances,
        errors=results.errors,
        wall=wall,
        cpu=cpu,
        stall=None if selector is None else selector.read(),
        busy=None if selector is None else selector.busiest,
        peak=None if memory is None else memory.peak(),
    )


def main() -> None:
    """Obey one order after the other, on uvloop if the first argument says so."""
    selector = None if sys.argv[1:] == ["uvloop"] else BusySelector()
    pin("client")
    with asyncio.Runner(loop_factory=loop_factory(selector)) as runner:
        for line in sys.stdin.buffer:
            done = runner.run(obey(msgspec.json.decode(line, type=Order), selector))
            sys.stdout.buffer.write(msgspec.json.encode(done) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
