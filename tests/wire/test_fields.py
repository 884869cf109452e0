import pytest
from msgspec import UNSET

from currents_async._wire.fields import Fields, check_changes, given
from currents_async.errors import InvalidArgumentError


def shown(name: str, value: int) -> str:
    return f"{name}={value}"


def test_order_and_what_is_left_out() -> None:
    fields = Fields().put("b", 1, shown).put("a", UNSET, shown).put_or_null("c", None, shown)
    fields.put_or_null("d", UNSET, shown).put_or_null("e", 2, shown, wire="E")
    fields.put("f", given(None), shown)
    assert list(fields.body.items()) == [("b", "b=1"), ("c", None), ("E", "e=2")]


@pytest.mark.parametrize("value", [0, "", False, ()])
def test_false_values_are_not_left_out(value: object) -> None:
    assert given(value) is value


def test_changes() -> None:
    assert check_changes({"a": None}) == {"a": None}
    with pytest.raises(InvalidArgumentError, match="at least one field"):
        check_changes({})
