"""What files hold already: rows are only added there, and those of two loads look alike."""

import logging
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

import dlt
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient

from currents_async.errors import ExportError
from currents_async.export._engines.dlt_destination import SCHEMA

_LOAD_ID = re.compile(r"\d{9,}\.\d+")
"""Seconds since 1970: part of file names, unless the layout of a destination omits it."""

_logger = logging.getLogger("currents_async.export")


def check_files(tables: Iterable[str], *, has_state: bool) -> None:
    """Check that a load would not add rows that the files of the current pipeline already have.

    Raises `ExportError` if there are complete loads, but the pipeline has no state that says which
    days they hold. Warns of files that do not belong to a complete load.
    """
    pipeline = dlt.current.pipeline()
    # Before its first load, a pipeline has no schema.
    known: Any = SCHEMA if SCHEMA in pipeline.schema_names else None
    with pipeline.destination_client(known) as client:
        if isinstance(client, FilesystemClient):
            _check(client, set(tables) - to_be_dropped(), has_state=has_state)


def _check(client: FilesystemClient, tables: Iterable[str], *, has_state: bool) -> None:
    files = [file for table in tables for file in _files_of(client, table)]
    complete = _complete_loads(client)
    if files and complete and not has_state:
        raise ExportError(
            f"the dataset {client.dataset_name} already holds rows, but this pipeline has no state "
            "that says of which days, so they would be loaded twice: the state was lost, or a "
            "pipeline of another name loaded them. Use that pipeline or another dataset_name, or "
            "delete the dataset to load all of it again"
        )
    left_over = sorted(file for file in files if not complete.issuperset(_loads_in(file)))
    if left_over:
        _logger.warning(
            "%d files do not belong to a complete load, so their rows may be there twice: a load "
            "was killed and its working directory lost. Delete them, or read only files with a "
            "load_id that is in _dlt_loads: %s",
            len(left_over),
            ", ".join(left_over),
        )


def to_be_dropped() -> set[str]:
    """Return the tables that dlt empties before it loads, because of `refresh`."""
    package: Any = dlt.current.load_package_state()
    kinds = ("dropped_tables", "truncated_tables")
    return {table["name"] for kind in kinds for table in package["state"].get(kind, ())}


def _files_of(client: FilesystemClient, table: str) -> list[str]:
    try:
        return client.list_table_files(table, schema_name=SCHEMA)
    except DestinationUndefinedEntity:
        return []


def _complete_loads(client: FilesystemClient) -> set[str]:
    names = [PurePath(file).stem for file in _files_of(client, client.schema.loads_table_name)]
    ours = [name for name in names if name.startswith(f"{SCHEMA}__")]
    return {load for name in ours for load in _loads_in(name)}


def _loads_in(name: str) -> list[str]:
    return _LOAD_ID.findall(PurePath(name).name)
