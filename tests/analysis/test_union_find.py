from hypothesis import given
from hypothesis import strategies as st

from currents_async.analysis._matching import UnionFind


class Counted:
    """An item that counts how often it is looked up."""

    lookups = 0

    def __hash__(self) -> int:
        Counted.lookups += 1
        return id(self)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))))
def test_united_items_are_represented_by_one_of_them(pairs: list[tuple[int, int]]) -> None:
    union_find = UnionFind()
    sets = [{item} for item in range(10)]
    for one, other in pairs:
        union_find.union(one, other)
        united = {item for items in sets if items & {one, other} for item in items}
        sets = [items for items in sets if not items & united] + [united]
    for items in sets:
        roots = {union_find.find(item) for item in items}
        assert len(roots) == 1
        assert roots <= items


def test_long_chains_are_shortened() -> None:
    count = 1_000
    union_find = UnionFind()
    first, *others = (Counted() for _ in range(count))
    before = Counted.lookups
    for other in others:
        union_find.union(first, other)
    # Following the whole chain each time would make it half a million.
    assert Counted.lookups - before < 20 * count
