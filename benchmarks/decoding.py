"""Decoding alone, without a network. Nothing else here knows the decoder from inside."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import payloads
from benchmarks.contenders.currents_narrow import TwoFields
from benchmarks.hostile import make_all
from benchmarks.processes import pin
from benchmarks.timing import Comparison, Times, compare
from currents_async._wire.array import ArrayField
from currents_async._wire.elements import ElementDecoder
from currents_async._wire.inflate import SLICE, inflater_for
from currents_async.models import Run, RunSpec

FLOOR, WHOLE, STREAM, NARROW = "floor", "whole", "stream", "narrowed"
GZIP = "gz: {}"
JSON = "json: {}"
HOSTILE = "hostile: {}"

_LIMIT = 1 << 30


class _Envelope(msgspec.Struct, frozen=True, gc=False):
    data: Run


_WHOLE = msgspec.json.Decoder(_Envelope)


def measure(folder: Path, rounds: int, scale: float) -> dict[str, Times]:
    """Compare ways of decoding, in a process of their own."""
    spawn = get_context("spawn")
    with ProcessPoolExecutor(1, spawn, initializer=pin, initargs=("client",)) as pool:
        return pool.submit(_measure, folder, rounds, scale).result()


def _measure(folder: Path, rounds: int, scale: float) -> dict[str, Times]:
    return {name: compare(ways, rounds) for name, ways in _comparisons(folder, scale)}


def _comparisons(folder: Path, scale: float) -> Iterator[tuple[str, Comparison]]:
    for path in (payloads.RUN, payloads.CYPRESS):
        packed, text = ((folder / f"{path}{end}").read_bytes() for end in (".json.gz", ".json"))
        yield GZIP.format(path), _of_gzip(packed)
        yield JSON.format(path), _of_json(text)
    for name, text in make_all(scale).items():
        yield HOSTILE.format(name), _of_json(text)


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
    def slices() -> Iterator[bytes]:
        return (text[start : start + SLICE] for start in range(0, len(text), SLICE))

    return {WHOLE: lambda: whole(slices()), STREAM: lambda: stream(slices())}


def fastest_inflate() -> Callable[[bytes], bytes | bytearray]:
    """Return the fastest inflater in one go that is installed."""
    try:
        import deflate  # noqa: PLC0415 - not in every environment of the tests
    except ModuleNotFoundError:
        import zlib  # noqa: PLC0415

        return partial(zlib.decompress, wbits=31)
    return deflate.gzip_decompress


def inflated(packed: bytes) -> Iterator[bytes]:
    """Inflate as the library does."""
    inflater = inflater_for("gzip", _LIMIT)
    yield from inflater.feed(packed)
    inflater.flush()


def whole(slices: Iterable[bytes]) -> int:
    """Decode a run as one value; return the number of its specs."""
    return len(_WHOLE.decode(b"".join(slices)).data.specs)


def stream(slices: Iterable[bytes], spec_type: type[Any] = RunSpec) -> int:
    """Decode a run slice by slice, dropping its specs; return their number."""
    decoder: Any = ElementDecoder(Run, ArrayField(("specs",), RunSpec), spec_type)
    count = sum(len(decoder.feed(one)) for one in slices)
    last, _ = decoder.flush()
    return count + len(last)
