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
from statistics import median

from currents_async.analysis._matching import Pair
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


def slower_pairs(pairs: Iterable[Pair], machines: Mapping[str | None, str | None]) -> list[Pair]:
    """Return the tests that are slower, those that lost the most time first.

    They passed in both runs, without a retry, which takes time of its own. `machines` has the
    machine of each instance.
    """
    timed = [pair for pair in pairs if _is_timed(pair[0]) and _is_timed(pair[1])]
    if not timed:
        return []
    before, after = zip(*timed, strict=True)
    ratios = _ratios(before, after)
    for side in (before, after):
        _take_out_machines(ratios, side, machines)
    limit = _limit(ratios)
    beyond = [(timed[at], _lost(after[at], one)) for at, one in enumerate(ratios) if one > limit]
    beyond.sort(key=itemgetter(1), reverse=True)
    return [pair for pair, lost in beyond if lost >= _MIN_LOST_MS]


def _is_timed(test: ExecutedTest) -> bool:
    duration = test.duration_ms
    return duration is not None and duration >= 0 and test.state is _PASSED and not test.is_flaky


def _ratios(before: Iterable[ExecutedTest], after: Iterable[ExecutedTest]) -> list[float]:
    """Return the logarithms of the ratios, less what the run explains of them."""
    lengths = zip(map(_length, before), map(_length, after), strict=True)
    ratios = [log(now / was) for was, now in lengths]
    middle = median(ratios)
    return [ratio - middle for ratio in ratios]


def _length(test: ExecutedTest) -> int:
    return (test.duration_ms or 0) + _OFFSET_MS


def _take_out_machines(
    ratios: list[float], tests: Sequence[ExecutedTest], machines: Mapping[str | None, str | None]
) -> None:
    for indexes in _by_machine(tests, machines):
        middle = median([ratios[index] for index in indexes])
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


def _limit(ratios: Sequence[float]) -> float:
    deviation = _TO_STANDARD * median(map(abs, ratios))
    reach = -_REACH * sorted(ratios)[int(_FASTER * len(ratios))]
    noise = min(max(reach, _MIN_DEVIATIONS * deviation), _MAX_DEVIATIONS * deviation)
    return max(log(_MIN_RATIO), noise * (1 + _UNSURE / len(ratios)))


def _lost(test: ExecutedTest, ratio: float) -> float:
    """Return how much longer a test took than the run and the machines explain, in milliseconds."""
    return _length(test) * (1 - exp(-ratio))
