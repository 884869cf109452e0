"""Which tests are slower in one run than in another by more than noise.

Each run timed each test once, so that all tests together show what noise is: by how much the
logarithms of the ratios of their durations differ (median absolute deviation, which the few tests
that have changed do not move). Neither the later run nor a machine that is slower as a whole is
news about a test: the medians of both are taken out first.

pytest-speedguard asks the same of each test and its last runs: a ratio, a difference, and a
multiple of that deviation (https://pypi.org/project/pytest-speedguard/).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import exp, log
from operator import itemgetter

from currents_async.analysis._matching import Pairs
from currents_async.analysis.executed import ExecutedTest
from currents_async.models.common import Outcome

_MIN_RATIO = 1.5
"""Fewer times slower is no news, even where there is no noise."""
_MIN_LOST_MS = 500
"""A smaller loss is no news."""
_OFFSET_MS = 100
"""Is added to durations, since those of short tests differ more in proportion."""
_TO_STANDARD = 1.4826
"""Makes a standard deviation of the median absolute one."""
_MIN_DEVIATIONS, _MAX_DEVIATIONS = 4, 6
"""Noise is at least and at most this many standard deviations."""
_FASTER, _REACH = 0.02, 1.9
"""In between, noise reaches so many times as far as the test that is faster than all but this
share: by chance, as many tests become faster as become slower."""
_UNSURE = 4
"""Among this many tests, the limit is twice as high as among very many."""
_MIN_TESTS, _MIN_SPECS = 20, 3
"""A machine that ran fewer is not taken to be slower: its tests are."""

_PASSED = Outcome.PASSED


def slower_tests(
    pairs: Pairs, machines: Mapping[str | None, str | None]
) -> list[tuple[ExecutedTest, ExecutedTest]]:
    """Return the tests that are slower, those that lost the most time first.

    They passed in both runs, without a retry, which takes time of its own. `machines` has the
    machine of each instance.
    """
    (before, after), ratios = _timed(pairs)
    if not ratios:
        return []
    middle = _median(ratios)
    ratios = [ratio - middle for ratio in ratios]
    for side in (before, after):
        _take_out_machines(ratios, side, machines)
    limit = _limit(ratios)
    beyond = [(_lost(after[at], one), at) for at, one in enumerate(ratios) if one > limit]
    beyond.sort(key=itemgetter(0), reverse=True)
    return [(before[at], after[at]) for lost, at in beyond if lost >= _MIN_LOST_MS]


def _timed(pairs: Pairs) -> tuple[Pairs, list[float]]:
    """Return the tests that can be compared, and the logarithms of the ratios of their durations.

    In one loop, as there are thousands.
    """
    timed = Pairs([], [])
    ratios: list[float] = []
    for before, after in zip(*pairs, strict=True):
        was, now = before.duration_ms, after.duration_ms
        if was is None or now is None or was < 0 or now < 0:
            continue
        if before.state is after.state is _PASSED and not (before.is_flaky or after.is_flaky):
            timed.before.append(before)
            timed.after.append(after)
            ratios.append(log((now + _OFFSET_MS) / (was + _OFFSET_MS)))
    return timed, ratios


def _take_out_machines(
    ratios: list[float], tests: Sequence[ExecutedTest], machines: Mapping[str | None, str | None]
) -> None:
    for indexes in _by_machine(tests, machines):
        middle = _median([ratios[index] for index in indexes])
        for index in indexes:
            ratios[index] -= middle


def _by_machine(
    tests: Sequence[ExecutedTest], machines: Mapping[str | None, str | None]
) -> Iterable[Sequence[int]]:
    """Return the positions of the tests of each machine that can be compared with the others."""
    found: defaultdict[str | None, list[int]] = defaultdict(list)
    for index, test in enumerate(tests):
        found[machines.get(test.instance_id)].append(index)
    found.pop(None, None)
    return [
        indexes
        for indexes in found.values()
        if len(indexes) >= _MIN_TESTS and len({tests[one].spec for one in indexes}) >= _MIN_SPECS
    ]


def _median(numbers: Iterable[float]) -> float:
    from statistics import median  # noqa: PLC0415 - it loads fractions and decimals

    return median(numbers)


def _limit(ratios: Sequence[float]) -> float:
    deviation = _TO_STANDARD * _median(map(abs, ratios))
    reach = -_REACH * sorted(ratios)[int(_FASTER * len(ratios))]
    noise = min(max(reach, _MIN_DEVIATIONS * deviation), _MAX_DEVIATIONS * deviation)
    return max(log(_MIN_RATIO), noise * (1 + _UNSURE / len(ratios)))


def _lost(test: ExecutedTest, ratio: float) -> float:
    """Return how much longer a test took than the run and the machines explain, in milliseconds."""
    return ((test.duration_ms or 0) + _OFFSET_MS) * (1 - exp(-ratio))
