"""Lists of the API as tables of Arrow: fetched as a whole, and converted beside the event loop."""

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any

from currents_async._threads import in_thread
from currents_async.arrow._tables import load_table_of
from currents_async.models._model import Model

if TYPE_CHECKING:
    import pyarrow as pa


class TabularList:
    """Base of lists of the API."""

    async def to_arrow(self) -> "pa.Table":
        """Fetch all items, as a table of Arrow: see `currents_async.arrow.to_arrow`.

        Raises `MissingExtraError` without pyarrow, before anything is fetched.
        """
        table_of = load_table_of()
        items = [item async for item in self]
        return await in_thread(partial(table_of, items, self._item_type()))

    def __aiter__(self) -> AsyncIterator[Any]:
        raise NotImplementedError

    def _item_type(self) -> type[Model]:
        raise NotImplementedError
