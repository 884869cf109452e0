"""The one place here that knows the library's streaming decoder from inside."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from currents_async._wire.array import ArrayField
from currents_async._wire.elements import ElementDecoder
from currents_async._wire.inflate import SLICE, inflater_for
from currents_async.models import Run, RunSpec

_LIMIT = 1 << 30


class _Envelope(msgspec.Struct, frozen=True, gc=False):
    data: Run


_WHOLE = msgspec.json.Decoder(_Envelope)


class TwoFields(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """What a scheduler of instances needs of a spec."""

    spec: str = ""
    instance_id: str | None = None


def stream(pieces: Iterable[bytes], spec_type: type[Any] = RunSpec) -> int:
    """Decode a run as it comes, dropping its specs; return their number."""
    decoder = _new_decoder(spec_type)
    count = 0
    for piece in pieces:
        count += len(decoder.feed(piece))
    last, _ = decoder.flush()
    return count + len(last)


def whole(pieces: Iterable[bytes]) -> int:
    """Decode a run as one value; return the number of its specs."""
    return len(_WHOLE.decode(b"".join(pieces)).data.specs)


def inflated(packed: bytes) -> Iterator[bytes]:
    """Inflate as the library does."""
    inflater = inflater_for("gzip", _LIMIT)
    yield from inflater.feed(packed)
    inflater.flush()


def sliced(text: bytes) -> Iterator[bytes]:
    """Cut a text into what the library would inflate at once."""
    for start in range(0, len(text), SLICE):
        yield text[start : start + SLICE]


def _new_decoder(spec_type: type[Any]) -> Any:
    return ElementDecoder(Run, ArrayField(("specs",), RunSpec), spec_type)
