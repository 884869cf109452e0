"""What is read besides what is looked for."""

from contextlib import ExitStack

from currents_async._cache import read_ahead
from currents_async._cache.read_ahead import ReadAhead
from currents_async._cache.responses import KeptResponse, Lookup
from tests.cache.crash_child import SCOPE

LOOKUPS = [Lookup(SCOPE, bytes([number])) for number in range(200)]


def kept(lookup: Lookup, run: bytes = b"run", size: int = 10) -> KeptResponse:
    return KeptResponse(*lookup, run, 1.0, b"gzip", bytes(size))


def test_what_is_expected_is_read_with_the_one_before() -> None:
    with ReadAhead() as ahead:
        ahead.expect(LOOKUPS[:100])
        assert ahead.next([LOOKUPS[150]]) == []  # nobody has announced it
        assert ahead.next(LOOKUPS[:2]) == LOOKUPS[2:66]
        assert ahead.next([LOOKUPS[66]]) == LOOKUPS[67:100]
        assert ahead.next([LOOKUPS[67]]) == []


def test_a_response_is_found_once_and_its_absence_too() -> None:
    with ReadAhead() as ahead:
        ahead.put(LOOKUPS[:2], [kept(LOOKUPS[0]), None])
        assert [ahead.has(lookup) for lookup in LOOKUPS[:3]] == [True, True, False]
        assert ahead.take(LOOKUPS[0]) == kept(LOOKUPS[0])
        assert ahead.take(LOOKUPS[1]) is None
        assert not any(ahead.has(lookup) for lookup in LOOKUPS)


def test_a_run_is_forgotten() -> None:
    with ReadAhead() as ahead:
        ahead.put(LOOKUPS[:3], [kept(LOOKUPS[0], b"a"), kept(LOOKUPS[1], b"b"), None])
        ahead.forget(b"a")
        assert [ahead.has(lookup) for lookup in LOOKUPS[:3]] == [False, True, True]


def test_what_was_read_while_its_run_was_forgotten_is_looked_for_again() -> None:
    """A run that is reset or ends anew meanwhile: its instances were read before that."""
    with ReadAhead() as ahead:
        ahead.expect(LOOKUPS[:3])
        ahead.next(LOOKUPS[:1])
        ahead.forget(b"a")
        ahead.put(LOOKUPS[1:3], [kept(LOOKUPS[1], b"a"), kept(LOOKUPS[2], b"b")])
        assert [ahead.has(lookup) for lookup in LOOKUPS[1:3]] == [False, True]
        ahead.next([])
        ahead.put(LOOKUPS[1:2], [kept(LOOKUPS[1], b"a")])  # read since
        assert ahead.has(LOOKUPS[1])


def test_no_more_is_read_while_much_waits() -> None:
    with ReadAhead() as ahead:
        ahead.expect(LOOKUPS)
        ahead.put(LOOKUPS[:1], [kept(LOOKUPS[0], size=read_ahead._MAX_BYTES + 1)])
        assert ahead.next([LOOKUPS[1]]) == []
        ahead.take(LOOKUPS[0])
        assert ahead.next([LOOKUPS[2]]) == [LOOKUPS[0], *LOOKUPS[3:66]]


def test_nothing_stays_once_nobody_announces_any_more() -> None:
    ahead = ReadAhead()
    with ExitStack() as first:
        first.enter_context(ahead)
        with ahead:
            ahead.expect(LOOKUPS[:9])
            ahead.put(LOOKUPS[10:11], [kept(LOOKUPS[10])])
        assert ahead.has(LOOKUPS[10])
    assert not ahead.has(LOOKUPS[10])
    ahead.put(LOOKUPS[:1], [kept(LOOKUPS[0])])  # read meanwhile
    assert not ahead.has(LOOKUPS[0])
    assert ahead.next(LOOKUPS[:1]) == []
