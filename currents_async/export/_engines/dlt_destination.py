"""What dlt says of a destination: whether it replaces rows, and what dlt writes for it."""

import re
from typing import Any, Final

import dlt
from dlt.common.configuration.container import Container
from dlt.common.data_writers.writers import resolve_best_writer_spec
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.extract import DltResource

SCHEMA: Final = "currents"
"""What dlt calls the schema of all our tables."""
REPLACING: Final = "delete-insert"
"""dlt's way of merging that replaces a window as a whole."""
_JSON: Any = {"name": "list", "data_type": "json"}


def can_replace(pipeline: dlt.Pipeline) -> bool:
    """Return whether rows of a window can be replaced, rather than only be added to."""
    capabilities = pipeline.destination.capabilities()
    strategies = capabilities.supported_merge_strategies
    # Where it depends on the format of tables, this is what they are by default.
    select = capabilities.merge_strategies_selector
    if select is not None:  # pyright: ignore[reportUnnecessaryComparison] - most have none
        strategies = select(strategies, table_schema={})
    return REPLACING in strategies


def file_format_of(resource: DltResource) -> Any:
    """Return the format of the files that the rows of a resource are best loaded from.

    It is the one that dlt chooses for Arrow data, unless JSON cannot be loaded from it, as from
    Parquet into BigQuery: dlt would find that out when all has been fetched.
    """
    capabilities, table = _capabilities(), _table(resource)
    preferred: Any = capabilities.preferred_loader_file_format
    supported: Any = capabilities.supported_loader_file_formats
    select = capabilities.loader_file_format_selector
    if select is not None:  # pyright: ignore[reportUnnecessaryComparison] - most have none
        preferred, supported = select(preferred, list(supported), table_schema=table)
    asked_for = table.get("file_format")
    if asked_for == "preferred":
        asked_for = preferred
    if asked_for in supported:
        return asked_for
    chosen = resolve_best_writer_spec("arrow", supported, preferred).file_format
    return preferred if _refuses_json(capabilities, table, chosen) else chosen


def has_lists(resource: DltResource, file_format: str) -> bool:
    """Return whether lists can be loaded from files; otherwise JSON text has to stand for them.

    CSV has none; and what has been a list in Parquet does not become text in a column of text.
    """
    capabilities = _capabilities()
    if file_format != "parquet" or capabilities.type_mapper is None:
        return file_format != "csv"
    kind = capabilities.get_type_mapper().to_destination_type(_JSON, _table(resource))
    # It is an object where dlt leaves SQL to SQLAlchemy.
    return not re.search("string|char", str(kind), re.IGNORECASE)


def _refuses_json(
    capabilities: DestinationCapabilitiesContext, table: Any, file_format: Any
) -> bool:
    if capabilities.type_mapper is None:
        return False
    try:
        capabilities.get_type_mapper().ensure_supported_type(_JSON, table, file_format)
    except ValueError:
        return True
    except KeyError:
        # Databricks looks for what only a table that is being loaded has.
        return False
    return False


def _capabilities() -> DestinationCapabilitiesContext:
    return Container()[DestinationCapabilitiesContext]


def _table(resource: DltResource) -> Any:
    return resource.compute_table_schema()
