"""Opening the Delta tables of a target, for which another library is needed."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from currents_async.errors import MissingExtraError
from currents_async.export._write.delta_place import delta_place
from currents_async.export._write.stores import Store

if TYPE_CHECKING:
    from currents_async.export._write.delta import DeltaSink


def delta_sink(
    target: str | Path,
    path: Path | None,
    store: Store,
    tables: Iterable[str],
    *,
    is_new: bool = True,
) -> "DeltaSink":
    """Open the Delta tables of a target, and make those that do not exist if it `is_new`.

    Raises `MissingExtraError` without deltalake.
    """
    try:
        from currents_async.export._write.delta import DeltaSink  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if error.name != "deltalake":
            raise
        raise MissingExtraError(
            "deltalake is not installed: python -m pip install 'currents-async[delta]'",
            name=error.name,
        ) from None
    return DeltaSink(store, delta_place(target, path, store), tables, is_new=is_new)
