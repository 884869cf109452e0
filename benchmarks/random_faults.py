"""Everything that can go wrong with a response, at random: what the soak has to live with."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from random import Random

from benchmarks.payloads import envelope, instances_of
from currents_async.testing import Exchange, Fault, WorldRun, faults

Make = Callable[[bytes], Fault]
"""Takes the right body: part of the response may be right."""


def _refusal(status: int, headers: Mapping[str, str] | None = None) -> Make:
    return _always(faults.response(b'{"status":"FAILED","error":"not now"}', status, headers))


def _always(fault: Fault) -> Make:
    return lambda _: fault


def _made_once(make: Callable[[], Fault]) -> Make:
    once = cache(make)
    return lambda _: once()


_SOUND: dict[str, Make] = {
    "right": faults.response,
    "plain": faults.plain,
    "three members": lambda body: faults.many_members(3, body),
    "closed after it": faults.early_close,
    "second response at once": lambda body: faults.second_response(body=body),
}
"""What a client can take."""

_AGAIN: dict[str, Make] = {
    **{str(status): _refusal(status) for status in (408, 500, 502, 503, 504)},
    "HTML with 502": _always(faults.html(502)),
    "reset": _always(faults.reset()),
    "reset midway": faults.reset_midway,
    "closed": _always(faults.close()),
    "closed midway": faults.close_midway,
    "no response": _always(faults.stall()),
    "headers that stop": lambda body: faults.stall_midway("headers", body),
    "body that stops": lambda body: faults.stall_midway("body", body),
    "gzip cut short": faults.truncated_gzip,
    "gzip without its end": lambda body: faults.truncated_gzip(body, missing=3),
    "body that is short": faults.short_length,
    "body that is long": faults.long_length,
    "two lengths": faults.two_lengths,
    "length and chunks": faults.length_and_chunked,
    "chunk of no size": faults.bad_chunk,
    "no last chunk": faults.truncated_chunks,
    "no HTTP": _always(faults.garbage()),
    "no status": _always(faults.bad_status_line()),
    "no headers": faults.http09,
}
"""What a client can repeat."""

_THROTTLED: dict[str, Make] = {
    "429": _refusal(429),
    "429, in 0 s": _refusal(429, {"Retry-After": "0"}),
    "429, in 1 s": _refusal(429, {"Retry-After": "1"}),
}

_IN_VAIN: dict[str, Make] = {
    "404": _refusal(404),
    "redirect": _always(faults.redirect()),
    "HTML": _always(faults.html()),
    "JSON cut short": lambda body: faults.response(body[: len(body) // 2]),
    "corrupt gzip": faults.corrupt_gzip,
    "wrong checksum": faults.bad_crc,
    "bytes behind the gzip": faults.trailing_garbage,
    "gzip said, not done": faults.encoding_without_gzip,
    "br": lambda body: faults.wrong_encoding("br", body),
}
"""What a client has to report."""

_COSTLY: dict[str, Make] = {
    "dripping": faults.drip,
    "huge header": _made_once(faults.huge_header),
    "many headers": _made_once(faults.many_headers),
    "headers for ever": _made_once(faults.endless_headers),
    "100 for ever": _made_once(faults.endless_informational),
    "trailers for ever": faults.endless_trailers,
    "body for ever": _made_once(faults.endless_body),
    "bomb": _made_once(lambda: faults.gzip_bomb(1 << 30, "whitespace")),
}
"""What keeps both sides busy: rare, or nothing else would happen."""

# What is left of 1 gets the right response.
_SHARES = (
    (0.160, _AGAIN),
    (0.025, _SOUND),
    (0.014, _IN_VAIN),
    (0.0005, _THROTTLED),
    (0.0005, _COSTLY),
)


class RandomFaults:
    """A `Fault` that serves runs and their instances; one response in five is wrong or odd."""

    def __init__(self, runs: Iterable[WorldRun], seed: int) -> None:
        self._bodies = {
            f"/v1/{path}": envelope(data)
            for run in runs
            for path, data in ((f"runs/{run.run_id}", run.payload), *instances_of(run))
        }
        self._random = Random(seed)  # noqa: S311 - chance for tests, no secrets
        self._counts = Counter[str]()

    async def __call__(self, exchange: Exchange) -> None:
        """Respond, or do not."""
        body = self._bodies[exchange.request.target]
        name, make = self._draw()
        self._counts[name] += 1
        await make(body)(exchange)

    def counts(self) -> dict[str, int]:
        """Return how often each has happened since the last time."""
        counts, self._counts = self._counts, Counter()
        return counts

    def _draw(self) -> tuple[str, Make]:
        chance = self._random.random()
        for share, kinds in _SHARES:
            if chance < share:
                return self._random.choice(list(kinds.items()))
            chance -= share
        return "right", faults.response
