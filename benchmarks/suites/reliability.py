"""What is promised of a service that fails, throttles, lies or is down, and of large fan-outs."""

from collections import Counter
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import Self

import msgspec

from benchmarks import payloads
from benchmarks.payloads import write_run
from benchmarks.processes import Failed, Process
from benchmarks.report import Report
from benchmarks.scenes import Bombs, Counts, Failing, Filling, Limited, Scene, Told
from benchmarks.suites import Options
from benchmarks.suites._reliability_plan import (
    FULL,
    RATE,
    SHARE,
    TINY,
    Bombed,
    FanOut,
    Measured,
    Outage,
    Sizes,
    Speed,
    Way,
)
from benchmarks.suites._reliability_tables import reach, tables
from benchmarks.trials import Operation, Order, Outcome
from currents_async.testing import World

_NOTES = (
    "which request fails in which way is drawn for each alone; the seeds are 1, 2, and so on",
    "bombs: 1 MB of gzip for each GB; all calls must have raised, or this had aborted",
)


def run(options: Options) -> Report:
    """Measure everything, one part after the other."""
    sizes = TINY if options.sizes is payloads.TINY else FULL
    few = max(1, options.rounds // 5)
    with Bench() as bench:
        measured = Measured(
            sizes=sizes,
            failing={
                way: [_failing(bench, way, sizes, 1 + seed) for seed in range(few)]
                for way in sizes.ways
            },
            limited=[_limited(bench, sizes) for _ in range(few)],
            speed=_speed(bench, sizes, options.rounds, options.weighings),
            bombed=[_bombed(bench, *bomb, sizes) for bomb in sizes.bombs],
            outages=[_outage(bench, kind, sizes) for kind in sizes.outages],
        )
    return Report(
        tables=tables(measured),
        reach=reach(measured),
        missing={} if measured.speed.fast else {"uvloop": "uvloop is not installed"},
        packages=["currents-async", "aiohttp", "msgspec", "anyio", "isal", "uvloop"],
        measured=_raw(measured),
        notes=[*_NOTES, _noise(measured.speed)],
    )


class Bench(ExitStack):
    """A server, and a client that has done other things before."""

    def __enter__(self) -> Self:
        super().__enter__()
        self._server = self.enter_context(Process("benchmarks.scenes"))
        self._client = self.enter_context(Process("benchmarks.trials"))
        return self

    def play(self, scene: Scene) -> Told:
        """Have the server play a scene from now on."""
        return msgspec.json.decode(_ask(self._server, msgspec.json.encode(scene)), type=Told)

    def counts(self) -> Counts:
        """Ask the server what it has served since the last time."""
        return msgspec.json.decode(_ask(self._server, b""), type=Counts)

    def put(self, order: Order) -> list[Outcome]:
        """Put the client to a trial."""
        return _put(self._client, order)


def _put(client: Process, order: Order) -> list[Outcome]:
    return msgspec.json.decode(_ask(client, msgspec.json.encode(order)), type=list[Outcome])


def _ask(process: Process, line: bytes) -> bytes:
    answer = process.ask(line)
    if not answer:
        raise Failed(f"no answer to {line.decode()}")
    return answer


def _failing(bench: Bench, way: Way, sizes: Sizes, seed: int) -> FanOut:
    scene = Failing(failures=way.kinds, share=SHARE, seed=seed, specs=sizes.instances)
    return _fan_out(bench, scene, way.attempts)


def _limited(bench: Bench, sizes: Sizes) -> FanOut:
    return _fan_out(bench, Limited(rate=RATE, specs=sizes.instances))


def _fan_out(bench: Bench, scene: Scene, attempts: int | None = None) -> FanOut:
    told = bench.play(scene)
    [(run_id, tests)] = told.runs.items()
    order = Order(trial="fan_out", url=told.url, key=told.key, target=run_id, attempts=attempts)
    [outcome] = bench.put(order)
    found = Counter(outcome.instances)
    handed_over = len(tests.keys() & found.keys())
    return FanOut(
        outcome,
        lost=len(tests) - handed_over,
        excess=found.total() - handed_over,
        counts=bench.counts(),
    )


def _speed(bench: Bench, sizes: Sizes, rounds: int, weighings: int) -> Speed:
    with TemporaryDirectory() as name:
        size = _write_small_instances(Path(name), sizes)
        with Process("benchmarks.server", name) as server:
            url = f"http://127.0.0.1:{int(server.read())}/0ms,0Bps"
            order = Order(trial="fan_out", url=url, target="bulk", warm="small", rounds=rounds)
            once = msgspec.structs.replace(order, rounds=1)
            found = Speed(
                size,
                default=bench.put(order),
                fast=_put_new(order, "uvloop") if find_spec("uvloop") else [],
                weighed=[one for _ in range(weighings) for one in _put_new(once)],
            )
    for outcome in (*found.default, *found.fast, *found.weighed):
        if len(set(outcome.instances)) != sizes.bulk:
            raise Failed(f"{len(outcome.instances)} of {sizes.bulk} instances were handed over")
    return found


def _write_small_instances(folder: Path, sizes: Sizes) -> float:
    """Write two runs; return the bytes of an instance on the wire."""
    project = World(seed=3).project()
    for path, specs in (("runs/small", 20), ("runs/bulk", sizes.bulk)):
        write_run(folder, path, project.run(specs=specs, tests=1, failures=0, flaky=0))
    return mean(path.stat().st_size for path in folder.glob("instances/*.gz"))


def _bombed(bench: Bench, filling: Filling, operation: Operation, sizes: Sizes) -> Bombed:
    told = bench.play(Bombs(filling=filling, size=sizes.inflated))
    order = Order(trial=operation, url=told.url, warm="r", calls=sizes.at_once)
    [outcome] = _put_new(order)
    if sum(outcome.errors.values()) != sizes.at_once:
        raise Failed(f"{operation} took a bomb of {filling} for an answer")
    return Bombed(filling, operation, outcome)


def _put_new(order: Order, *arguments: str) -> list[Outcome]:
    """Put a client to a trial that has done nothing before."""
    with Process("benchmarks.trials", *arguments) as client:
        return _put(client, order)


def _outage(bench: Bench, kind: str, sizes: Sizes) -> Outage:
    told = bench.play(Failing(failures=[kind], share=1.0))
    [outcome] = bench.put(Order(trial="many", url=told.url, key=told.key, calls=sizes.calls))
    return Outage(kind, outcome, bench.counts())


def _noise(speed: Speed) -> str:
    """Say how much else the machine had to do: the client alone could fill its core."""
    share = median(one.cpu / one.wall for one in (*speed.default, *speed.fast))
    return (
        f"the client of the small instances had {share:.2f} of its core: far below 1, times are "
        "those of a machine that had other things to do"
    )


def _raw(measured: Measured) -> dict[str, object]:
    failing = {way.label: found for way, found in measured.failing.items()}
    return {**measured._asdict(), "failing": failing}
