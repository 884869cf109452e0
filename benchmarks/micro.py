"""Decoding alone, without a network, all in one process: `python -m benchmarks.micro`.

Prints JSON: for each comparison, by the name of the way, the seconds of CPU of each round.
"""

import gc
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from benchmarks import payloads
from benchmarks.cores import pin
from benchmarks.elements import TwoFields, inflated, sliced, stream, whole
from benchmarks.hostile import make_all
from benchmarks.processes import Failed

Way = Callable[[], int | None]
"""Does the work once; returns the number of elements, or None where there are none to count."""
Comparison = dict[str, Way]
Times = dict[str, dict[str, list[float]]]

FLOOR, WHOLE, STREAM, NARROW = "floor", "whole", "stream", "narrowed"
GZIP = "gz: {}"
JSON = "json: {}"
HOSTILE = "hostile: {}"


def fastest_inflate() -> Callable[[bytes], bytes | bytearray]:
    """Return the fastest inflater in one go that is installed."""
    try:
        import deflate  # noqa: PLC0415 - not in every environment of the tests
    except ModuleNotFoundError:
        import zlib  # noqa: PLC0415

        return partial(zlib.decompress, wbits=31)
    return deflate.gzip_decompress


def comparisons(folder: Path, scale: float) -> dict[str, Comparison]:
    """List what is compared with what."""
    found = {}
    for path in (payloads.RUN, payloads.CYPRESS):
        packed, text = ((folder / f"{path}{end}").read_bytes() for end in (".json.gz", ".json"))
        found[GZIP.format(path)] = _of_gzip(packed)
        found[JSON.format(path)] = _of_json(text)
    for name, text in make_all(scale).items():
        found[HOSTILE.format(name)] = _of_json(text)
    return found


def _of_gzip(packed: bytes) -> Comparison:
    inflate, skip = fastest_inflate(), msgspec.json.Decoder(msgspec.Raw).decode

    def floor() -> None:
        skip(inflate(packed))

    return {
        FLOOR: floor,
        WHOLE: lambda: whole(inflated(packed)),
        STREAM: lambda: stream(inflated(packed)),
        NARROW: lambda: stream(inflated(packed), TwoFields),
    }


def _of_json(text: bytes) -> Comparison:
    return {WHOLE: lambda: whole(sliced(text)), STREAM: lambda: stream(sliced(text))}


def run(compared: dict[str, Comparison], rounds: int) -> Times:
    """Measure all ways of each comparison in turn, `rounds` times."""
    times: Times = {name: {way: [] for way in ways} for name, ways in compared.items()}
    for name, ways in compared.items():
        _check(name, {way: work() for way, work in ways.items()})
        for _ in range(rounds):
            for way, work in ways.items():
                times[name][way].append(_time(work))
    return times


def _check(name: str, counts: dict[str, int | None]) -> None:
    if len({count for count in counts.values() if count is not None}) > 1:
        raise Failed(f"{name}: the ways do different work: {counts}")


def _time(work: Way) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure, and print JSON."""
    folder, rounds, scale = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    pin("client")
    sys.stdout.buffer.write(msgspec.json.encode(run(comparisons(folder, scale), rounds)))


if __name__ == "__main__":
    main()
