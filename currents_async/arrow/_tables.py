"""Models as a table of Arrow, which pandas, polars and DuckDB take without a conversion."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from currents_async._checks import check_several, check_type
from currents_async.errors import MissingExtraError
from currents_async.models._model import Model

if TYPE_CHECKING:
    import pyarrow as pa


def to_arrow(models: Iterable[Model], model: type[Model]) -> "pa.Table":
    """Return a table of Arrow with a row for each model: `to_arrow(failures, Failure)`.

    Its columns are the fields of `model`, whatever the rows are. The fields of a model inside it
    are columns too, named by their path, such as `meta.commit.branch`; those of models in a list
    are structs. Moments are in UTC, in milliseconds. Dicts are JSON. What a column cannot hold,
    such as an integer beyond 64 bits, is null. Secrets are left out, and so are the signatures of
    URLs, as in an export.

    Raises `InvalidArgumentError` for what is no `model`, and `MissingExtraError` without pyarrow,
    which is in the extra `export`.
    """
    rows = check_several("models", models, model)
    for number, row in enumerate(rows):
        check_type(f"models[{number}]", row, model)
    return load_table_of()(rows, model)


def load_table_of() -> "Callable[[Sequence[Model], type[Model]], pa.Table]":
    """Load what makes tables."""
    try:
        from currents_async.arrow._of_models import table_of  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        raise MissingExtraError(
            "pyarrow is not installed: python -m pip install 'currents-async[export]'",
            name=error.name,
        ) from None
    return table_of


class Tabular(Model, frozen=True, gc=False, kw_only=True):
    """Base of models that pandas, polars and DuckDB take as tables, with the extra `export`.

    Source: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
    """

    def to_arrow(self) -> "pa.Table":
        """Return a table of Arrow, with columns as those of `currents_async.arrow.to_arrow`."""
        model, rows = self._rows()
        return to_arrow(rows, model)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def _rows(self) -> tuple[type[Model], Iterable[Model]]:
        """Return what the rows are, and the rows."""
        raise NotImplementedError
