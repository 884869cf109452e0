"""What dlt says about a destination: whether rows can be replaced, and which files it loads."""

import re
from typing import Any, Final

import dlt
from dlt.common.configuration.container import Container
from dlt.common.data_writers.writers import resolve_best_writer_spec
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.extract import DltResource

SCHEMA: Final = "currents"
"""The name of the dlt schema of all our tables."""
REPLACING: Final = "delete-insert"
"""The merge strategy of dlt that replaces a window as a whole."""
_JSON: Any = {"name": "list", "data_type": "json"}


def can_replace(pipeline: dlt.Pipeline) -> bool:
    """Return whether a destination can replace rows, and not only add them."""
    capabilities = pipeline.destination.capabilities()
    strategies = capabilities.supported_merge_strategies
    # If it depends on the table format, this asks for the default one.
    select = capabilities.merge_strategies_selector
    if select is not None:  # pyright: ignore[reportUnnecessaryComparison] - most have none
        strategies = select(strategies, table_schema={})
    return REPLACING in strategies


def file_format_of(resource: DltResource) -> Any:
    """Return the file format from which to load the rows of a resource.

    It is the one that dlt chooses for Arrow data, unless JSON cannot be loaded from it, as from
    Parquet into BigQuery: dlt would find that out only when everything has been fetched.
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
    """Return whether lists can be loaded from files; if not, they have to be JSON text.

    CSV has no lists, and lists in Parquet cannot be loaded into a column of text.
    """
    capabilities = _capabilities()
    if file_format != "parquet" or capabilities.type_mapper is None:
        return file_format != "csv"
    kind = capabilities.get_type_mapper().to_destination_type(_JSON, _table(resource))
    # It is an object if dlt uses SQLAlchemy for the destination.
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
        # For Databricks, dlt looks up what only a table that is being loaded has.
        return False
    return False


def _capabilities() -> DestinationCapabilitiesContext:
    return Container()[DestinationCapabilitiesContext]


def _table(resource: DltResource) -> Any:
    return resource.compute_table_schema()
