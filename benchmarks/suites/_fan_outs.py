"""The parts of the suite `reliability` that fan out: over failures, at a limit, and for speed."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from msgspec.structs import asdict, replace

from benchmarks.payloads import SMALL, Payload, write_run
from benchmarks.report import Column, Part, Reach, at_least, at_most, table
from benchmarks.results import Results, value
from benchmarks.server import Fake
from benchmarks.session import Case, Session, raw
from benchmarks.suites import Options
from benchmarks.worker import Order, Sample
from currents_async.testing import World

CLIENT = Case("currents:collect", "")
_SHARE = 0.2
"""Of all requests that fail."""
_RATE = 100
"""Requests per second of the server that has a limit."""
_WALL, _CPU = value("wall"), value("cpu")

# Of 300 that fail three times in a row with 20% each, two are to be expected.
_KINDS = ("503", "429", "reset", "truncated", "gzip cut short")
_OTHER_KINDS = ("503", "closed", *_KINDS[2:])
WAYS: tuple[tuple[str, Sequence[str], dict[str, int]], ...] = (
    ("8 attempts", _KINDS, {"attempts": 8}),
    ("default options", _KINDS, {}),
    ("8 attempts", _OTHER_KINDS, {"attempts": 8}),
)
"""How a server fails a client, and the client's options; of the first, something is promised."""


class _FanOut(Sample, kw_only=True):
    """A fan-out over instances of which each has to be handed over once."""

    lost: int
    """Instances that were not handed over."""
    excess: int
    """What was handed over besides each instance once."""

    def served(self, response: str) -> int:
        """Return how many responses of a kind there were."""
        return self.counts.get(response, 0)

    @property
    def failed(self) -> float:
        """The percentage of all requests that did not succeed."""
        return 100 * (1 - self.served("200") / self.requests)


_FanOuts = Results[str, _FanOut]


def failures(session: Session, ways: int, instances: int, rounds: int) -> Part:
    """Fan out over a run while one request in five fails."""
    fake = Fake(specs=instances, tests=(1, 3), share=_SHARE)
    found: _FanOuts = Results()
    for name, kinds, options in WAYS[:ways]:
        fakes = [replace(fake, failures=kinds, seed=1 + number) for number in range(rounds)]
        ones = [_fan_out(session, one, options) for one in fakes]
        found[f"{name}; {', '.join(kinds)}"] = ones
    promised = next(iter(found.values()))
    names = {name: name for one in promised for name in sorted(one.counts)}
    responses = [Column(str(number), one.served, 0) for number, one in enumerate(promised, 1)]
    title = f"Fan-out over {instances} instances, {_SHARE:.0%} of all requests fail"
    first = table("Responses in the first of these, by round", names, responses)
    return Part(
        tables=[_table(title, found), first],
        reach=_reach(f"{_SHARE:.0%} failures", promised, instances, seconds=2),
        measured={"failing": found},
        notes=["each request fails by a chance of its own; the seeds are 1, 2, and so on"],
    )


def limit(session: Session, instances: int, rounds: int) -> Part:
    """Fan out over a run at a rate limit."""
    fake = Fake(specs=instances, tests=(1, 3), rate=_RATE)
    found = [_fan_out(session, fake, {}) for _ in range(rounds)]
    name = f"{_RATE} per second"
    throttled = max(one.throttled for one in found)
    title = f"Fan-out over {instances} instances, {_RATE} requests per second"
    return Part(
        tables=[_table(title, Results({"default options": found}))],
        reach=[
            *_reach(name, found, instances, seconds=6),
            at_most(f"{name}: responses that are 429, at most", throttled, 8, " %"),
        ],
        measured={"limited": found},
    )


def _fan_out(session: Session, fake: Fake, options: dict[str, Any]) -> _FanOut:
    _, project, _ = fake.fill()
    [run] = project.runs
    expected = {spec.instance_id for spec in run.specs}
    session.serve(fake)
    case = CLIENT._replace(path=f"runs/{run.run_id}")
    sample = session.ask(case, Order(options=options, calls=1, keep="ids"))
    handed_over = len(expected.intersection(sample.ids))
    lost, excess = (len(ids) - handed_over for ids in (expected, sample.ids))
    return _FanOut(**asdict(sample), lost=lost, excess=excess)


def _table(title: str, found: _FanOuts) -> str:
    return table(
        title,
        {label: label for label in found},
        [
            Column("rounds", lambda label: len(found[label]), 0),
            Column("most lost", found.of(value("lost"), max), 0),
            Column("lost in all", found.of(value("lost"), sum), 0),
            Column("twice", found.of(value("excess"), sum), 0),
            Column("requests", found.of(value("requests")), 0),
            Column("failed %", found.of(value("failed"))),
            Column("429 %, most", found.of(value("throttled"), max)),
            Column("wall s", found.of(_WALL), 2),
            Column("longest", found.of(_WALL, max), 2),
            Column("raised", lambda label: raised(*found[label])),
        ],
    )


def raised(*samples: Sample) -> str:
    """Return the types of all errors, and how many there were of each."""
    errors = sum((Counter(one.errors) for one in samples), Counter[str]())
    return ", ".join(f"{count} {name}" for name, count in errors.items()) or "-"


def _reach(name: str, found: Sequence[_FanOut], instances: int, *, seconds: float) -> list[Reach]:
    fewest = instances - max(one.lost for one in found)
    wall = median(one.wall for one in found)
    return [
        at_least(f"{name}: instances handed over, the fewest", fewest, instances),
        at_most(f"{name}: handed over twice", max(one.excess for one in found), 0),
        at_most(f"{name}: wall, median", wall, seconds, " s"),
    ]


def speed(session: Session, instances: int, options: Options) -> Part:
    """Fan out over a large run of small instances, on both event loops."""
    session.serve_files(_write_small_instances(session.folder, instances))
    size = mean(path.stat().st_size for path in session.folder.glob("instances/*.gz"))
    default = CLIENT._replace(path="runs/bulk")
    by_hand = default._replace(contender="by_hand:bulk")
    cases = [one._replace(uvloop=uvloop) for uvloop in (False, True) for one in (default, by_hand)]
    found = session.run(cases, options.rounds, "ids")
    weighed = session.weigh([default], options.weighings, "ids")
    peak = weighed.of(value("peak", 1 / 1024**2), max)
    share = median(one.cpu / one.wall for ones in found.values() for one in ones)

    def rate(sample: Sample) -> float:
        return instances / sample.wall

    shown = table(
        f"Fan-out over {instances} instances of {size:.0f} bytes of gzip",
        {
            f"{session.contenders[case.contender].LABEL}{', uvloop' * case.uvloop}": case
            for case in found
        },
        [
            Column("per second", found.of(rate), 0),
            Column("slowest", found.of(rate, min), 0),
            Column("fastest", found.of(rate, max), 0),
            Column("CPU us each", found.of(value("cpu", 1e6 / instances)), 0),
            Column("peak MiB", peak),
        ],
    )
    reach = [
        at_least("small instances per second", found.of(rate)(default), 3000, "/s"),
        at_least(
            "small instances per second, uvloop",
            found.of(rate)(default._replace(uvloop=True)),
            3600,
            "/s",
        ),
        at_most("small instances: CPU, x by hand", found.ratio(_CPU, by_hand)(default), 1.12, "x"),
        at_most(f"fan-out over {instances}: peak RSS", peak(default), 64, " MiB"),
    ]
    noise = (
        f"the client of the small instances had {share:.2f} of its core: far below 1, times are "
        "those of a machine that had other things to do"
    )
    measured = {"gzip": size, "timed": raw(found), "weighed": raw(weighed)}
    return Part([shown], reach, {"speed": measured}, [noise])


def _write_small_instances(folder: Path, instances: int) -> dict[str, Payload]:
    project = World(seed=3).project()
    return {
        path: write_run(folder, path, project.run(specs=specs, tests=1, failures=0, flaky=0))
        for path, specs in ((SMALL, 20), ("runs/bulk", instances))
    }
