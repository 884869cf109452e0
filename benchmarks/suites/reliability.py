"""What is promised of a service that fails, throttles, lies or is down, and of large fan-outs."""

from pathlib import Path
from statistics import mean, median
from typing import Any

import msgspec

from benchmarks import payloads
from benchmarks.payloads import write_run
from benchmarks.processes import Failed
from benchmarks.report import Report
from benchmarks.services import Bombs, Fake, Files, new_world
from benchmarks.session import Case, Session
from benchmarks.suites import Options
from benchmarks.suites._reliability_sizes import (
    FULL,
    METHODS,
    RATE,
    SHARE,
    TINY,
    Bomb,
    Bombed,
    FanOut,
    Measured,
    Outage,
    Sizes,
    Speed,
    Way,
)
from benchmarks.suites._reliability_tables import reach, tables
from benchmarks.worker import Order, Sample
from currents_async.testing import World

_CLIENT = Case("currents_collect", "")
_FAST = _CLIENT._replace(uvloop=True)
_NOTES = (
    "which request fails in which way is drawn for each alone; the seeds are 1, 2, and so on",
    "bombs: 1 MB of gzip for each GB; all calls must have raised, or this had aborted",
)


def run(options: Options) -> Report:
    """Measure everything, one part after the other."""
    sizes = TINY if options.sizes is payloads.TINY else FULL
    with Session() as session:
        session.start([_CLIENT])
        measured = _measure(session, sizes, options)
    return Report(
        tables=tables(measured),
        reach=reach(measured),
        missing={} if measured.speed.fast else {"uvloop": "uvloop is not installed"},
        packages=[*session.packages, "uvloop"],
        measured=_raw(measured),
        notes=[*_NOTES, _noise(measured.speed)],
    )


def _measure(session: Session, sizes: Sizes, options: Options) -> Measured:
    few = max(1, options.rounds // 5)
    return Measured(
        sizes=sizes,
        failing={
            way: [_failing(session, way, sizes, 1 + seed) for seed in range(few)]
            for way in sizes.ways
        },
        limited=[_fan_out(session, _fake(sizes, rate=RATE)) for _ in range(few)],
        speed=_speed(session, sizes, options),
        bombed=[_bombed(session, bomb, sizes) for bomb in sizes.bombs],
        outages=[_outage(session, kind, sizes.calls) for kind in sizes.outages],
    )


def _fake(sizes: Sizes, **options: Any) -> Fake:
    return Fake(specs=sizes.instances, tests=(1, 3), **options)


def _failing(session: Session, way: Way, sizes: Sizes, seed: int) -> FanOut:
    fake = _fake(sizes, failures=way.kinds, share=SHARE, seed=seed)
    return _fan_out(session, fake, {} if way.attempts is None else {"attempts": way.attempts})


def _fan_out(session: Session, fake: Fake, options: dict[str, Any] | None = None) -> FanOut:
    project, _ = fake.fill(new_world())
    [run] = project.runs
    expected = {spec.instance_id for spec in run.specs}
    order = Order(
        server=session.server.serve(fake),
        path=f"runs/{run.run_id}",
        options=options or {},
        calls=1,
        keep="ids",
    )
    sample = session.ask(_CLIENT, order)
    handed_over = len(expected.intersection(sample.ids))
    return FanOut(
        sample,
        lost=len(expected) - handed_over,
        excess=len(sample.ids) - handed_over,
        counts=session.server.counts(),
    )


def _speed(session: Session, sizes: Sizes, options: Options) -> Speed:
    size = _write_small_instances(session.folder, sizes)
    url = session.server.serve(Files(str(session.folder)))
    order = Order(
        server=f"{url}/0ms,0Bps", path="runs/bulk", warm="runs/small", calls=1, keep="ids"
    )
    weigh = msgspec.structs.replace(order, memory=True)
    default, *fast = (
        [session.ask(case, order) for _ in range(options.rounds)]
        for case in session.start([_CLIENT, _FAST])
    )
    found = Speed(
        size,
        default=default,
        fast=[sample for samples in fast for sample in samples],
        weighed=[_ask_alone(session, _CLIENT, weigh) for _ in range(options.weighings)],
    )
    for sample in (*found.default, *found.fast, *found.weighed):
        if len(set(sample.ids)) != sizes.bulk:
            raise Failed(f"{len(sample.ids)} of {sizes.bulk} instances were handed over")
    return found


def _write_small_instances(folder: Path, sizes: Sizes) -> float:
    """Write two runs; return the bytes of an instance on the wire."""
    project = World(seed=3).project()
    for path, specs in (("runs/small", 20), ("runs/bulk", sizes.bulk)):
        write_run(folder, path, project.run(specs=specs, tests=1, failures=0, flaky=0))
    return mean(path.stat().st_size for path in folder.glob("instances/*.gz"))


def _bombed(session: Session, bomb: Bomb, sizes: Sizes) -> Bombed:
    case = METHODS[bomb.method]
    order = Order(
        server=session.server.serve(Bombs(filling=bomb.filling, size=sizes.inflated)),
        path=case.path,
        warm="runs/r",
        calls=sizes.at_once,
        memory=True,
    )
    sample = _ask_alone(session, case, order)
    if sum(sample.errors.values()) != sizes.at_once:
        raise Failed(f"{bomb.method} took a bomb of {bomb.filling} for a response")
    return Bombed(bomb, sample)


def _ask_alone(session: Session, case: Case, order: Order) -> Sample:
    """Measure in a process that has done nothing before."""
    with session.alone(case) as process:
        assert process is not None  # noqa: S101 - our own client has what it needs
        return process.ask(order, Sample)


def _outage(session: Session, kind: str, calls: int) -> Outage:
    order = Order(
        server=session.server.serve(Fake(specs=1, failures=[kind], share=1.0)),
        path="instances/" + ",".join(f"instance-{number}" for number in range(calls)),
        calls=1,
    )
    return Outage(kind, session.ask(_CLIENT, order), session.server.counts())


def _noise(speed: Speed) -> str:
    """Report how much else the machine had to do: the client alone could fill its core."""
    share = median(one.cpu / one.wall for one in (*speed.default, *speed.fast))
    return (
        f"the client of the small instances had {share:.2f} of its core: far below 1, times are "
        "those of a machine that had other things to do"
    )


def _raw(measured: Measured) -> dict[str, object]:
    failing = {way.label: found for way, found in measured.failing.items()}
    return {**measured._asdict(), "failing": failing}
