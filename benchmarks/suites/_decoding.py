"""Decoding alone, without a network. Nothing else here knows the decoder from inside."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import payloads
from benchmarks.contenders.aiohttp_msgspec import decoder
from benchmarks.contenders.currents import TwoFields
from benchmarks.hostile import hostile
from benchmarks.processes import pin
from benchmarks.report import Column, Part, at_most, table
from benchmarks.results import Results, Way, compare
from benchmarks.suites import Options
from currents_async._wire.array import ArrayField
from currents_async._wire.elements import ElementDecoder
from currents_async._wire.inflate import SLICE, inflater_for
from currents_async.models import Run, RunSpec

_Ways = Results[str, float]
_FLOOR, _WHOLE, _STREAM, _NARROW = "floor", "whole", "stream", "narrowed"

_LIMIT = 1 << 30


def decoding(folder: Path, options: Options) -> Part:
    """Compare ways of decoding, in a process of their own."""
    spawn = get_context("spawn")
    with ProcessPoolExecutor(1, spawn, initializer=pin, initargs=("client",)) as pool:
        found = pool.submit(_measure, folder, options.rounds, options.scale).result()
    shown = table(
        "Decoding alone, CPU ms (floor: inflate + skip)",
        found,
        [
            Column("floor", _median(_FLOOR)),
            Column("whole", _median(_WHOLE)),
            Column("stream", _median(_STREAM)),
            Column("narrow", _median(_NARROW)),
            Column("s / w", _ratio(_STREAM, _WHOLE), 2, "x"),
            Column("s / f", _ratio(_STREAM, _FLOOR), 2, "x"),
            Column("n / f", _ratio(_NARROW, _FLOOR), 2, "x"),
        ],
    )
    run, cypress = (found[f"gz: {path}"] for path in (payloads.RUN, payloads.CYPRESS))
    to_whole, to_floor = _ratio(_STREAM, _WHOLE), _ratio(_STREAM, _FLOOR)
    to_skip = "gz to Structs, x inflate + skip"
    reach = [
        at_most("streaming CPU, x whole body", to_whole(run), 1.05, "x"),
        at_most(f"{to_skip}: Playwright", to_floor(run), 2.1, "x"),
        at_most(f"{to_skip}: Cypress", to_floor(cypress), 1.6, "x"),
        at_most(f"{to_skip}: two fields", _ratio(_NARROW, _FLOOR)(run), 1.2, "x"),
        *(
            at_most(f"{name}, x whole body", to_whole(ways), 2, "x")
            for name, ways in found.items()
            if name.startswith("hostile")
        ),
    ]
    floor = run[_FLOOR]  # the same work in each round
    noise = (
        f"the slowest round of inflate + skip took {max(floor) / min(floor):.2f} times the CPU of "
        "the fastest: far above 1.1, the machine had other things to do"
    )
    measured = {"decoding": found}
    return Part([shown], reach, measured, [noise])


def _median(way: str) -> Callable[[_Ways], float | None]:
    return lambda ways: ways.of(float)(way)


def _ratio(way: str, base: str) -> Callable[[_Ways], float | None]:
    return lambda ways: ways.ratio(float, base)(way)


def _measure(folder: Path, rounds: int, scale: float) -> dict[str, _Ways]:
    found: dict[str, _Ways] = {}
    for path in (payloads.RUN, payloads.CYPRESS):
        packed, text = ((folder / f"{path}{end}").read_bytes() for end in (".json.gz", ".json"))
        found[f"gz: {path}"] = compare(_of_gzip(packed), rounds)
        found[f"json: {path}"] = compare(_of_json(text), rounds)
    for name, text in hostile(scale):
        found[f"hostile: {name}"] = compare(_of_json(text), rounds)
    return found


def _of_gzip(packed: bytes) -> dict[str, Way]:
    inflate, skip = fastest_inflate(), msgspec.json.Decoder(msgspec.Raw).decode

    def floor() -> None:
        skip(inflate(packed))

    return {
        _FLOOR: floor,
        _WHOLE: lambda: whole(inflated(packed)),
        _STREAM: lambda: stream(inflated(packed)),
        _NARROW: lambda: stream(inflated(packed), TwoFields),
    }


def _of_json(text: bytes) -> dict[str, Way]:
    def slices() -> Iterator[bytes]:
        return (text[start : start + SLICE] for start in range(0, len(text), SLICE))

    return {_WHOLE: lambda: whole(slices()), _STREAM: lambda: stream(slices())}


def fastest_inflate() -> Callable[[bytes], bytes | bytearray]:
    """Return the fastest inflater in one go that is installed."""
    try:
        import deflate  # noqa: PLC0415 - not in every environment of the tests
    except ModuleNotFoundError:
        import zlib  # noqa: PLC0415

        return partial(zlib.decompress, wbits=31)
    inflate: Callable[[bytes], bytes | bytearray] = deflate.gzip_decompress
    return inflate


def inflated(packed: bytes) -> Iterator[bytes]:
    """Inflate as the library does."""
    inflater = inflater_for("gzip", _LIMIT)
    yield from inflater.feed(packed)
    inflater.flush()


def whole(slices: Iterable[bytes]) -> int:
    """Decode a run as one value; return the number of its specs."""
    return len(decoder.decode(b"".join(slices)).data.specs)


def stream(slices: Iterable[bytes], spec_type: type[Any] = RunSpec) -> int:
    """Decode a run slice by slice, dropping its specs; return their number."""
    decoder: Any = ElementDecoder(Run, ArrayField(("specs",), RunSpec), spec_type)
    count = sum(len(decoder.feed(one)) for one in slices)
    last, _ = decoder.flush()
    return count + len(last)
