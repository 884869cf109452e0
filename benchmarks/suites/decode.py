"""A run at the limit of the wire, end to end and in parts: the default suite."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks import decoding, payloads
from benchmarks.generated import generate
from benchmarks.payloads import Payload
from benchmarks.processes import Failed
from benchmarks.report import Report
from benchmarks.results import Results
from benchmarks.services import Files
from benchmarks.session import Case, Session
from benchmarks.suites import Options
from benchmarks.suites._decode_cases import (
    BODIES,
    CONCURRENCY,
    END_TO_END,
    FAN_OUTS,
    FAR,
    SLOW_READ,
    SLOW_STREAM,
    STREAM,
    Measured,
    floor_of,
    is_floor,
)
from benchmarks.suites._decode_tables import chart, reach, tables
from benchmarks.worker import Keep, Order, Sample

_NOTES = (
    "the generated client is served its enums in lower case: it refuses those of the samples",
    "the floors hand over no specs; all others handed over every one, or this had aborted",
)
_AT_ONCE = 2


def run(options: Options) -> Report:
    """Measure everything, one part after the other."""
    with Session() as session:
        written = payloads.write(session.folder, options.sizes)
        generate(session.folder)
        measured = _measure(_Decode(session, written), options)
    return Report(
        tables=tables(measured, written, session.labels),
        reach=reach(measured),
        missing=session.missing,
        packages=["currents-async", *session.packages],
        measured={"payloads": written, **_raw(measured)},
        notes=[*_NOTES, _noise(measured)],
        chart=chart(measured.end_to_end, session.labels),
    )


class _Decode:
    """A session, and payloads whose number of elements is known."""

    def __init__(self, session: Session, written: dict[str, Payload]) -> None:
        self.session = session
        self.written = written
        self._url = session.server.serve(Files(str(session.folder)))

    def race(self, cases: Sequence[Case], rounds: int, keep: Keep = "nothing") -> Results:
        """Measure all cases in turn; the first round warms up, and does not count."""
        samples: dict[Case, list[Sample]] = {case: [] for case in self.session.start(cases)}
        for _ in range(1 + rounds):
            for case, found in samples.items():
                sample = self._checked(case, self.session.ask(case, self._order(case, keep)))
                if sample.first is not None:
                    sample.first -= self.session.server.counts()["began"] / 1e9
                found.append(sample)
        return Results({case: found[1:] for case, found in samples.items()})

    def weigh(self, cases: Sequence[Case], rounds: int, keep: Keep) -> Results:
        """Measure memory, each time in a new process."""
        todo = [case for case in cases for _ in range(rounds)]
        samples: dict[Case, list[Sample]] = {}
        # Two at once: what else the machine does changes times, not sizes.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(lambda case: self._weigh(case, keep), todo)
            for case, sample in zip(todo, found, strict=True):
                if sample is not None:
                    samples.setdefault(case, []).append(sample)
        return Results(samples)

    def _weigh(self, case: Case, keep: Keep) -> Sample | None:
        with self.session.alone(case, "--anywhere") as process:
            if process is None:
                return None
            return self._checked(case, process.ask(self._order(case, keep, memory=True), Sample))

    def _order(self, case: Case, keep: Keep, *, memory: bool = False) -> Order:
        link = f"{case.link.latency_ms}ms,{case.link.bytes_per_second}Bps"
        return Order(
            server=f"{self._url}/{link}",
            path=case.path,
            warm=payloads.SMALL,
            keep=keep,
            memory=memory,
        )

    def _checked(self, case: Case, sample: Sample) -> Sample:
        """Abort when a contender did not do all the work: its numbers would be a lie."""
        expected = 0 if is_floor(case) else self.written[case.path].count
        if sample.count != expected:
            done = f"{sample.count} of {expected} elements of {case.path}"
            raise Failed(f"{case.contender} handed over {done}")
        return sample


def _measure(decode: _Decode, options: Options) -> Measured:
    bodies = [*BODIES.values(), *dict.fromkeys(map(floor_of, BODIES.values()))]
    weighed = END_TO_END if options.everything else [STREAM]
    far = FAN_OUTS if options.everything else [case for case in FAN_OUTS if case.link == FAR]
    count = decode.written[payloads.FANOUT].count
    return Measured(
        end_to_end=decode.race(END_TO_END, options.rounds),
        # Kept: to free a whole run takes milliseconds, but when, is up to the caller.
        bodies=decode.race(bodies, options.rounds, "everything"),
        slow=decode.race([SLOW_STREAM, SLOW_READ], options.rounds),
        dropped=decode.weigh(weighed, options.weighings, "nothing"),
        kept=decode.weigh(weighed, options.weighings, "everything"),
        fan_out=decode.race(far, max(1, options.rounds // 2)),
        decoding=decoding.measure(decode.session.folder, options.rounds, options.scale),
        ideal=count / CONCURRENCY * FAR.latency_ms,
    )


def _noise(measured: Measured) -> str:
    """Report how even the machine was: the floor does the same work in each round."""
    floor = measured.decoding[decoding.GZIP.format(payloads.RUN)][decoding.FLOOR]
    return (
        f"the slowest round of inflate + skip took {max(floor) / min(floor):.2f} times the CPU of "
        "the fastest: far above 1.1, the machine had other things to do"
    )


def _raw(measured: Measured) -> dict[str, object]:
    return {
        name: part.raw() if isinstance(part, Results) else part
        for name, part in measured._asdict().items()
    }
