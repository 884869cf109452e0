import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from currents_async._fanout.seen import Seen


@given(st.lists(st.text(max_size=2)))
def test_an_id_is_new_once(ids: list[str]) -> None:
    seen, known = Seen(), set[str]()
    for one in ids:
        assert seen.add(one) == (one not in known)
        known.add(one)


def test_many_take_little_memory() -> None:
    seen = Seen()
    tracemalloc.start()
    try:
        assert all(seen.add(f"{number:024x}") for number in range(50_000))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1024**2
