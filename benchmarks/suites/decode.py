"""A run at the limit of the wire, end to end and in parts: the default suite."""

import sys
from pathlib import Path
from subprocess import run as run_process
from tempfile import TemporaryDirectory

import msgspec

from benchmarks import micro, payloads
from benchmarks.generated import generate
from benchmarks.payloads import Payload
from benchmarks.processes import Failed, field
from benchmarks.races import Results, Track
from benchmarks.report import Report
from benchmarks.suites import Options
from benchmarks.suites._decode_plan import (
    BODIES,
    CONCURRENCY,
    ENTRIES,
    FAR,
    FAR_AND_SLOW,
    MS,
    READ,
    SLOW,
    STREAM,
    Measured,
    fan_outs,
    floor_of,
    over,
)
from benchmarks.suites._decode_reach import reach
from benchmarks.suites._decode_tables import chart, tables

_NOTES = (
    "the generated client is served its enums in lower case: it refuses those of the samples",
    "the floors hand over no specs; all others handed over every one, or this had aborted",
)


def run(options: Options) -> Report:
    """Measure everything, one part after the other."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        written = payloads.write(folder, options.sizes)
        generate(folder)
        with field(folder) as started:
            measured = _measure(Track(started, written), written, folder, options)
    return Report(
        tables=tables(measured, written, started.labels),
        reach=reach(measured),
        missing=started.missing,
        packages=["currents-async", *started.packages],
        measured=_raw(measured, written),
        notes=[*_NOTES, _noise(measured.decoding)],
        chart=chart(measured.end_to_end, started.labels),
    )


def _measure(track: Track, written: dict[str, Payload], folder: Path, options: Options) -> Measured:
    bodies = [*BODIES.values(), *dict.fromkeys(floor_of(entry) for entry in BODIES.values())]
    links = [FAR, FAR_AND_SLOW] if options.everything else [FAR]
    weighed = ENTRIES if options.everything else [STREAM]
    return Measured(
        end_to_end=track.race(ENTRIES, options.rounds),
        # Kept: to free a whole run takes milliseconds, but when, is up to the caller.
        bodies=track.race(bodies, options.rounds, keep=True),
        slow=track.race([over(SLOW, STREAM), over(SLOW, READ)], options.rounds),
        dropped=track.weigh(weighed, options.weighings, keep=False),
        kept=track.weigh(weighed, options.weighings, keep=True),
        fan_out=track.race(fan_outs(links), max(1, options.rounds // 2)),
        decoding=_decode(folder, options),
        ideal=written[payloads.FANOUT].count / CONCURRENCY * FAR.latency_ms / MS,
    )


def _decode(folder: Path, options: Options) -> micro.Times:
    """Compare ways of decoding, in a process of their own."""
    arguments = (str(folder), str(options.rounds), str(options.scale))
    command = [sys.executable, "-m", "benchmarks.micro", *arguments]
    done = run_process(command, capture_output=True, check=False)  # noqa: S603 - ourselves
    if done.returncode:
        raise Failed(f"decoding alone:\n{done.stderr.decode()}")
    return msgspec.json.decode(done.stdout, type=micro.Times)


def _noise(decoding: micro.Times) -> str:
    """Say how even the machine was: the floor does the same work in each round."""
    floor = decoding[micro.GZIP.format(payloads.RUN)][micro.FLOOR]
    return (
        f"the slowest round of inflate + skip took {max(floor) / min(floor):.2f} times the CPU of "
        "the fastest: far above 1.1, the machine had other things to do"
    )


def _raw(measured: Measured, written: dict[str, Payload]) -> dict[str, object]:
    raw: dict[str, object] = {
        name: part.raw() if isinstance(part, Results) else part
        for name, part in measured._asdict().items()
    }
    return {"payloads": written, **raw}
