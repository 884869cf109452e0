"""What the same thing costs as there is more of it: specs, instances, workers, requests per second.

A slope is the exponent by which a cost grows: 1 is linear, 0 is no growth at all. It is taken from
the two largest numbers, where what is paid once counts least.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import payloads
from benchmarks.payloads import Payload
from benchmarks.report import Column, Part, Reach, Report, at_most, table
from benchmarks.results import Results, value
from benchmarks.server import Fake
from benchmarks.session import Case, Session
from benchmarks.suites import Options
from benchmarks.worker import Order, Sample
from currents_async.testing import World

_CPU, _WALL, _PEAK = value("cpu", 1e3), value("wall", 1e3), value("peak", 1 / 1024**2)
_Found = Results[int, Sample]

_FAN_OUTS = ("currents:fan_out", "by_hand:fan_out")
_LINEAR = 1.05
_SAME = 0.2
"""Of work that stays the same, for noise."""
_RUNS = 5
_FLAT = 4
"""MiB by which a peak may grow where results are dropped as they come."""


def run(options: Options) -> Report:
    """Measure everything, one part after the other."""
    is_tiny = options.sizes is payloads.TINY
    numbers = (10, 100) if is_tiny else (10, 100, 1_000, 10_000)
    rounds = max(1, options.rounds // 3)
    weighings = int(options.everything)
    with Session() as session:
        session.serve_files(_write(session, numbers))
        parts = [
            *(
                _grow(session, contender, numbers, rounds, weighings)
                for contender in ("currents:get", "currents:stream", *_FAN_OUTS)
            ),
            _workers(session, numbers[-2], rounds),
            _rates(session, is_tiny=is_tiny),
            _many(session, numbers[-1]),
            _year(session, (2, 4) if is_tiny else (36, 365)),
        ]
    return session.report(parts, "currents-async")


def _write(session: Session, numbers: Sequence[int]) -> dict[str, Payload]:
    project = World(seed=4).project()
    small = project.run(specs=20, tests=1, failures=0, flaky=0)
    payloads.write_alone(session.folder, payloads.SMALL, small, any_instance=True)
    return {
        path: payloads.write_alone(session.folder, path, project.run(specs=number))
        for number in numbers
        for path in [_path(number)]
    }


def _path(number: int) -> str:
    return f"runs/of-{number}"


def _measure(session: Session, case: Case, rounds: int, **options: Any) -> list[Sample]:
    order = Order(warm=payloads.SMALL, options=options)
    return [session.ask(case, order) for _ in range(1 + rounds)][1:]


def _weigh(session: Session, case: Case) -> Sample:
    return session.ask_alone(case, Order(warm=payloads.SMALL, memory=True), "anywhere")


def _grow(
    session: Session, contender: str, numbers: Sequence[int], rounds: int, weighings: int
) -> Part:
    """Fetch runs of more and more specs, or their instances."""
    cases = {number: Case(contender, _path(number)) for number in numbers}
    found = Results({one: _measure(session, case, rounds) for one, case in cases.items()})
    weighed = Results({
        one: [_weigh(session, case) for _ in range(weighings)] for one, case in cases.items()
    })
    what = "instances" if contender in _FAN_OUTS else "specs"
    name = f"{session.contenders[contender].LABEL}, {what}"
    shown = _table(name, found, Column("peak MiB", weighed.of(_PEAK)))
    if contender.startswith("by_hand"):
        return Part([shown], measured={name: found})
    reach = [_slope(f"{name}: CPU", found.of(_CPU), numbers, _LINEAR)]
    if contender != "currents:get":  # which returns all of them
        reach.append(_slope(f"{name}: peak", weighed.of(_PEAK), numbers, _LINEAR))
    return Part([shown], reach, {name: found})


def _workers(session: Session, instances: int, rounds: int) -> Part:
    """Fetch the same instances by more and more workers."""
    numbers = (1, 4, 16, 64)
    case = Case("currents:fan_out", _path(instances))
    found = Results({n: _measure(session, case, rounds, concurrency=n) for n in numbers})
    name = f"the same {instances} instances, workers"
    reach = _slope(f"{name}: CPU", found.of(_CPU), numbers, _SAME)
    return Part([_table(name, found)], [reach], {name: found})


def _rates(session: Session, *, is_tiny: bool) -> Part:
    """Fetch instances at more and more requests per second, so many that it takes a second."""
    numbers = (10, 100) if is_tiny else (1, 10, 100, 500)
    found: _Found = Results()
    for rate in numbers:
        path = f"instances/{','.join(f'one-{number}' for number in range(1 + rate))}"
        order = Order(options={"rate": rate})
        found[rate] = [session.ask(Case("currents:collect", path), order)]
    name = "requests per second, for a second"
    reach = _slope(f"{name}: CPU", found.of(_CPU), numbers, _LINEAR)
    return Part([_table(name, found)], [reach], {name: found})


def _many(session: Session, instances: int) -> Part:
    """Drop the instances of one run after the other as they come; the API sends no larger runs."""
    case = Case("currents:fan_out", _path(instances))
    order = Order(warm=payloads.SMALL, memory=True)
    with session.alone(case, "anywhere") as process:
        samples = [session.ask(case, order, process) for _ in range(_RUNS)]
    found: _Found = Results()
    grown = 0
    for number, sample in enumerate(samples, 1):
        if sample.peak is not None and sample.retained is not None:
            sample.peak, grown = grown + sample.peak, grown + sample.retained
        found[number * instances] = [sample]
    return _flat("instances dropped as they come", found)


def _year(session: Session, days: Sequence[int]) -> Part:
    """Export more and more days."""
    found: _Found = Results()
    for number in days:
        fake = Fake(days=number, specs=2, tests=(1, 2))
        _, project, small = fake.fill()
        session.serve(fake)
        case = Case("currents_export", f"projects/{project.project_id}")
        with session.alone(case, "anywhere") as process, TemporaryDirectory() as folder:
            warm = Order(options={"folder": f"{folder}/warm", "days": 1})
            session.ask(case._replace(path=f"projects/{small.project_id}"), warm, process)
            order = Order(options={"folder": f"{folder}/all", "days": number}, memory=True)
            found[number] = [session.ask(case, order, process)]
    return _flat("days exported", found)


def _flat(name: str, found: _Found) -> Part:
    peak = found.of(_PEAK)
    few, *_, many = (peak(number) for number in found)
    growth = None if few is None or many is None else many - few
    reach = at_most(f"{name}: growth of the peak", growth, _FLAT, " MiB")
    return Part([_table(name, found, Column("peak MiB", peak))], [reach], {name: found})


def _slope(
    name: str, cost: Callable[[int], float | None], numbers: Sequence[int], bound: float
) -> Reach:
    *_, (less, more) = pairwise(numbers)
    low, high = cost(less), cost(more)
    slope = log(max(high, 1e-9) / max(low, 1e-9)) / log(more / less) if low and high else None
    return at_most(f"{name}, slope", slope, bound)


def _table(name: str, found: _Found, *more: Column[int]) -> str:
    columns = [Column("CPU ms", found.of(_CPU)), Column("wall ms", found.of(_WALL)), *more]
    return table(name, {f"{number:,}": number for number in found}, columns)
