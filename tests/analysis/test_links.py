from hypothesis import given
from hypothesis import strategies as st

from currents_async.analysis._links import Links


class Counted:
    """A name that counts how often it is looked up."""

    looks = 0

    def __hash__(self) -> int:
        Counted.looks += 1
        return id(self)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))))
def test_what_is_linked_has_the_same_end(pairs: list[tuple[int, int]]) -> None:
    links = Links()
    sets = [{name} for name in range(10)]
    for one, other in pairs:
        links.join(one, other)
        joined = {name for names in sets if names & {one, other} for name in names}
        sets = [names for names in sets if not names & joined] + [joined]
    for names in sets:
        ends = {links.end(name) for name in names}
        assert len(ends) == 1
        assert ends <= names


def test_long_chains_are_shortened() -> None:
    count = 1_000
    links = Links()
    first, *others = (Counted() for _ in range(count))
    before = Counted.looks
    for other in others:
        links.join(first, other)
    # Each walk along the whole chain would make it half a million.
    assert Counted.looks - before < 20 * count
