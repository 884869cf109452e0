"""The elements of an array, one by one: one that cannot be read does not affect the others."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, get_args, get_origin

import msgspec

from currents_async._wire.body_errors import UnexpectedBodyError
from currents_async._wire.built_ins import is_object
from currents_async._wire.mend import mend, mend_elements
from currents_async._wire.notes import Notes
from currents_async.models._model import Model
from currents_async.models.pages import NumberedPage, UnreadableItem

MISFIT = re.compile(r"(.*) - at `(\$.*)`", re.DOTALL)
"""What msgspec says about a value that does not fit its type."""


class Elements(NamedTuple):
    """An array in a document, or an object, that is read element by element."""

    path: tuple[str, ...]
    """The names that lead to it."""
    convert: Callable[[Any], Any]
    """Return its elements, once the rest of the document has been mended."""
    kind: type[list[Any] | dict[str, Any]] = list


class Items:
    """The items of a list, without those that cannot be read."""

    def __init__(self, returns: Any, notes: Notes) -> None:
        self._returns = returns
        self._notes = notes
        self.mended: list[Any] = []
        """Those that can be read, mended, as built-in types."""
        self.unreadable: tuple[UnreadableItem, ...] = ()

    @property
    def elements(self) -> tuple[Elements, ...]:
        """Where the items are; nowhere if the type is not a list."""
        if is_page(self._returns):
            return (Elements(("data", "list"), self._convert),)
        return (Elements(("data",), self._convert),) if _is_list(self._returns) else ()

    def _convert(self, values: list[Any]) -> list[Any]:
        kind = _item_type(self._returns)
        steps = ".data.list" if is_page(self._returns) else ".data"
        items: list[Any] = []
        for position, value in enumerate(values):
            since, bent = self._notes.bent, Notes()
            mended = mend(value, kind, bent)
            try:
                items.append(msgspec.convert(mended, kind, str_keys=True))
            except (msgspec.ValidationError, RecursionError) as error:
                self._leave_out(position, str(error), value)
            else:
                self.mended.append(mended)
                self._notes.take(bent)
            self._notes.put_under(f"{steps}[{position}]", since)
        return items

    def _leave_out(self, position: int, reason: str, value: Any) -> None:
        self._notes.lose(reason)
        item = UnreadableItem(position=position, reason=reason, cursor=_cursor_of(value))
        self.unreadable += (item,)


@cache
def is_page(returns: Any) -> bool:
    """Return whether a type is a page with a number."""
    plain = get_origin(returns) or returns
    return isinstance(plain, type) and issubclass(plain, NumberedPage)


@cache
def _is_list(returns: Any) -> bool:
    """Return whether a type is a list of our models: a type of the caller's must fit completely."""
    item = get_args(returns)[0] if get_origin(returns) in {tuple, list} else None
    return isinstance(item, type) and issubclass(item, Model)


def _item_type(returns: Any) -> Any:
    if is_page(returns):
        fields = msgspec.structs.fields(returns)
        [returns] = [field.type for field in fields if field.name == "items"]
    return get_args(returns)[0]


def _cursor_of(value: Any) -> str | None:
    cursor = value.get("cursor") if is_object(value) else None
    return cursor if isinstance(cursor, str) and cursor else None


def convert_elements(
    values: Sequence[Any], kind: Any, notes: Notes, *, path: str, start: int = 0
) -> list[Any]:
    """Return the elements of an array, of which the first has the index `start`.

    Nulls, and what cannot be an element, are left out; one that lacks a field that it must have is
    an `UnexpectedBodyError`.
    """
    since = notes.bent
    elements = [
        _converted(mended, kind, f"{path}[{index}]")
        for index, value in enumerate(values, start)
        for mended in mend_elements([value], kind, notes, start=index)
    ]
    notes.put_under(path.removeprefix("$"), since)
    return elements


def convert_members(
    values: dict[str, Any], kind: Any, notes: Notes, *, path: str
) -> dict[str, Any]:
    """Return the values of an object whose keys are data, as `convert_elements` does."""
    since = notes.bent
    mended = mend(values, dict[str, kind], notes)
    members = {name: _converted(one, kind, f"{path}[...]") for name, one in mended.items()}
    notes.put_under(path.removeprefix("$"), since)
    return members


def _converted(value: Any, kind: Any, path: str) -> Any:
    try:
        return msgspec.convert(value, kind, str_keys=True)
    except msgspec.ValidationError as error:
        found = MISFIT.fullmatch(str(error))
        reason, rest = (found[1], found[2][1:]) if found else (str(error), "")
    raise UnexpectedBodyError(reason, f"{path}{rest}")
