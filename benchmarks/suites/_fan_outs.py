"""The parts of the suite `reliability` that fan out: over failures, at a limit, and for speed."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

import msgspec

from benchmarks.payloads import write_run
from benchmarks.processes import Counts, Failed
from benchmarks.report import Part, Reach, Table, at_least, at_most, number, table
from benchmarks.services import Fake, Files, new_world
from benchmarks.session import Case, Session
from benchmarks.suites import Options
from benchmarks.worker import Order, Sample
from currents_async.testing import World

CLIENT = Case("currents_collect", "")
_SHARE = 0.2
"""Of all requests that fail."""
_RATE = 100
"""Requests per second of the server that has a limit."""


class Way(NamedTuple):
    """How a server fails a client, and the client's options."""

    label: str
    failures: tuple[str, ...]
    options: dict[str, int]


# Of 300 that fail three times in a row with 20% each, two are to be expected.
_KINDS = ("503", "429", "reset", "truncated", "gzip cut short")
_OTHER_KINDS = ("503", "closed", "reset", "truncated", "gzip cut short")
PROMISED = Way(f"8 attempts; {', '.join(_KINDS)}", _KINDS, {"attempts": 8})
DEFAULT = Way(f"default options; {', '.join(_KINDS)}", _KINDS, {})
UNTHROTTLED = Way(f"8 attempts; {', '.join(_OTHER_KINDS)}", _OTHER_KINDS, {"attempts": 8})


class _FanOut(msgspec.Struct, frozen=True):
    """A fan-out, and what the server had to do with it."""

    sample: Sample
    lost: int
    """Instances that were not handed over."""
    excess: int
    """What was handed over besides each instance once."""
    counts: Counts

    @property
    def requests(self) -> int:
        """How many the server got."""
        return sum(self.counts.values())

    @property
    def failed(self) -> float:
        """The percentage of all requests that did not succeed."""
        return 100 * (1 - self.counts.get("200", 0) / self.requests)

    @property
    def throttled(self) -> float:
        """The percentage of all responses that were 429."""
        return 100 * self.counts.get("429", 0) / self.requests


def failures(session: Session, ways: Sequence[Way], instances: int, rounds: int) -> Part:
    """Fan out over a run while one request in five fails."""
    found: dict[str, list[_FanOut]] = {}
    for label, kinds, options in ways:
        fakes = [
            Fake(specs=instances, tests=(1, 3), failures=kinds, share=_SHARE, seed=1 + number)
            for number in range(rounds)
        ]
        found[label] = [_fan_out(session, fake, options) for fake in fakes]
    promised = found[PROMISED.label]
    title = f"Fan-out over {instances} instances, {_SHARE:.0%} of all requests fail"
    names = dict.fromkeys(name for one in promised for name in sorted(one.counts))
    responses = Table(
        "Responses in the first of these, by round",
        ("", *(str(1 + number) for number in range(rounds))),
        [(name, *(str(one.counts.get(name, 0)) for one in promised)) for name in names],
    )
    return Part(
        tables=[_fan_out_table(title, found), responses],
        reach=_reach(f"{_SHARE:.0%} failures", promised, instances, seconds=2),
        measured={"failing": found},
        notes=["each request fails by a chance of its own; the seeds are 1, 2, and so on"],
    )


def limit(session: Session, instances: int, rounds: int) -> Part:
    """Fan out over a run at a rate limit."""
    fake = Fake(specs=instances, tests=(1, 3), rate=_RATE)
    found = [_fan_out(session, fake, {}) for _ in range(rounds)]
    title = f"Fan-out over {instances} instances, {_RATE} requests per second"
    throttled = max(one.throttled for one in found)
    return Part(
        tables=[_fan_out_table(title, {"default options": found})],
        reach=[
            *_reach(f"{_RATE} per second", found, instances, seconds=6),
            at_most(f"{_RATE} per second: responses that are 429, at most", throttled, 8, " %"),
        ],
        measured={"limited": found},
    )


def _fan_out(session: Session, fake: Fake, options: dict[str, Any]) -> _FanOut:
    project, _ = fake.fill(new_world())
    [run] = project.runs
    expected = {spec.instance_id for spec in run.specs}
    order = Order(
        server=session.server.serve(fake),
        path=f"runs/{run.run_id}",
        options=options,
        calls=1,
        keep="ids",
    )
    sample = session.ask(CLIENT, order)
    handed_over = len(expected.intersection(sample.ids))
    return _FanOut(
        sample,
        lost=len(expected) - handed_over,
        excess=len(sample.ids) - handed_over,
        counts=session.server.counts(),
    )


def _fan_out_table(title: str, found: dict[str, list[_FanOut]]) -> Table:
    return table(
        title,
        found,
        [
            ("rounds", lambda ones: str(len(ones))),
            ("most lost", lambda ones: str(max(one.lost for one in ones))),
            ("lost in all", lambda ones: str(sum(one.lost for one in ones))),
            ("twice", lambda ones: str(sum(one.excess for one in ones))),
            ("requests", lambda ones: number(median(one.requests for one in ones), 0)),
            ("failed %", lambda ones: number(median(one.failed for one in ones))),
            ("429 %, most", lambda ones: number(max(one.throttled for one in ones))),
            ("wall s", lambda ones: number(median(one.sample.wall for one in ones), 2)),
            ("longest", lambda ones: number(max(one.sample.wall for one in ones), 2)),
            ("raised", lambda ones: raised(*(one.sample for one in ones))),
        ],
    )


def raised(*samples: Sample) -> str:
    """Return the types of all errors, and how many there were of each."""
    errors = sum((Counter(one.errors) for one in samples), Counter[str]())
    return ", ".join(f"{count} {name}" for name, count in errors.items()) or "-"


def _reach(name: str, found: Sequence[_FanOut], instances: int, *, seconds: float) -> list[Reach]:
    fewest = instances - max(one.lost for one in found)
    wall = median(one.sample.wall for one in found)
    return [
        at_least(f"{name}: instances handed over, the fewest", fewest, instances),
        at_most(f"{name}: handed over twice", max(one.excess for one in found), 0),
        at_most(f"{name}: wall, median", wall, seconds, " s"),
    ]


def speed(session: Session, instances: int, options: Options) -> Part:
    """Fan out over a large run of small instances, on both event loops."""
    size = _write_small_instances(session.folder, instances)
    url = session.server.serve(Files(str(session.folder)))
    order = Order(
        server=f"{url}/0ms,0Bps", path="runs/bulk", warm="runs/small", calls=1, keep="ids"
    )
    names = {CLIENT: "CPython's loop", CLIENT._replace(uvloop=True): "uvloop"}
    found = {
        names[case]: [session.ask(case, order) for _ in range(options.rounds)]
        for case in session.start(names)
    }
    weigh = msgspec.structs.replace(order, memory=True)
    weighed = [ask_alone(session, CLIENT, weigh) for _ in range(options.weighings)]
    samples = [sample for ones in found.values() for sample in ones]
    for sample in samples + weighed:
        if len(set(sample.ids)) != instances:
            raise Failed(f"{len(sample.ids)} of {instances} instances were handed over")
    peak = max((one.peak / 1024**2 for one in weighed if one.peak is not None), default=None)
    share = median(one.cpu / one.wall for one in samples)
    noise = (
        f"the client of the small instances had {share:.2f} of its core: far below 1, times are "
        "those of a machine that had other things to do"
    )
    default, fast = (found.get(name, []) for name in names.values())

    def rate(ones: list[Sample], choose: Callable[[list[float]], float] = median) -> float | None:
        return choose([instances / one.wall for one in ones]) if ones else None

    def cpu(ones: list[Sample]) -> float:
        return median(one.cpu for one in ones) / instances * 1e6

    shown = table(
        f"Fan-out over {instances} instances of {size:.0f} bytes of gzip",
        found,
        [
            ("per second", lambda ones: number(rate(ones), 0)),
            ("slowest", lambda ones: number(rate(ones, min), 0)),
            ("fastest", lambda ones: number(rate(ones, max), 0)),
            ("CPU us each", lambda ones: number(cpu(ones), 0)),
            ("peak MiB", lambda ones: number(peak if ones is default else None)),
        ],
    )
    reach = [
        at_least("small instances per second", rate(default), 2000, "/s"),
        at_least("small instances per second, uvloop", rate(fast), 2000, "/s"),
        at_most(f"fan-out over {instances}: peak RSS", peak, 64, " MiB"),
    ]
    return Part([shown], reach, {"speed": {"gzip": size, "weighed": weighed, **found}}, [noise])


def ask_alone(session: Session, case: Case, order: Order) -> Sample:
    """Measure in a process that has done nothing before."""
    sample = session.ask_alone(case, order)
    assert sample is not None  # noqa: S101 - our own client has what it needs
    return sample


def _write_small_instances(folder: Path, instances: int) -> float:
    """Write two runs; return the bytes of an instance on the wire."""
    project = World(seed=3).project()
    for path, specs in (("runs/small", 20), ("runs/bulk", instances)):
        write_run(folder, path, project.run(specs=specs, tests=1, failures=0, flaky=0))
    return mean(path.stat().st_size for path in folder.glob("instances/*.gz"))
