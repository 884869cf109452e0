"""How many requests a long window takes, and how more are tried after them."""

from hypothesis import given
from hypothesis import strategies as st

from currents_async._transport.window import Window


def window(size: int | None) -> Window:
    made = Window()
    made.began(size)
    return made


def sent_at_once(made: Window) -> int:
    """Send as many requests as may be sent without a response."""
    number = 0
    while made.may_send(number) and number < 1000:
        made.left()
        number += 1
    return number


class TestWindow:
    def test_unknown(self) -> None:
        assert Window().may_send(10_000)
        assert sent_at_once(window(None)) == 1000

    @given(st.integers(1, 500))
    def test_its_size_is_sent_at_once(self, size: int) -> None:
        assert sent_at_once(window(size)) == size

    def test_one_more_is_tried_when_all_are_back(self) -> None:
        made = window(10)
        sent_at_once(made)
        assert not made.may_send(1)
        assert sent_at_once(made) == 1

    def test_more_are_tried_the_more_pass(self) -> None:
        made = window(10)
        sent_at_once(made)
        for _ in range(10):
            made.accepted()
        tries = list[int]()
        for _ in range(12):
            tries.append(sent_at_once(made))
            for _ in range(tries[-1]):
                made.accepted()
        assert tries[0] == 1 or tries[0] == 2
        assert tries == sorted(tries)
        assert tries[-1] == tries[-2] <= 64, "but not without end"

    def test_the_next_one_begins_from_the_beginning(self) -> None:
        made = window(10)
        sent_at_once(made)
        made.accepted()
        made.began(20)
        assert (made.size, sent_at_once(made)) == (20, 20)
        assert not made.may_send(1)

    def test_reopened_with_the_same_size(self) -> None:
        made = window(10)
        sent_at_once(made)
        made.reopened()
        assert (made.size, sent_at_once(made)) == (10, 10)

    def test_none_any_more(self) -> None:
        made = window(10)
        sent_at_once(made)
        made.began(None)
        assert made.may_send(10_000)
