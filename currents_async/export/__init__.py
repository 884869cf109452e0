"""Runs as tables for lakes and warehouses, with the extra `export`.

```python
async with Currents() as currents:
    await export(currents, "lake", projects=["DgTfZV"], since=last_week, resume=True)
```
"""

try:
    from currents_async.export._export import export, export_table
    from currents_async.export._job import ExportResult, Progress
    from currents_async.export._of_details import tables_of
    from currents_async.export._tables import KEYS, SCHEMAS
    from currents_async.export._windows import Window, windows_between
    from currents_async.export._write.duck import DuckDBStorage
    from currents_async.export._write.target import ExportFormat
except ModuleNotFoundError as _error:
    if _error.name not in {"pyarrow", "duckdb", "filelock"}:
        raise
    raise ModuleNotFoundError(
        f"{_error.name} is not installed: python -m pip install 'currents-async[export]'",
        name=_error.name,
    ) from None

__all__ = [
    "KEYS",
    "SCHEMAS",
    "DuckDBStorage",
    "ExportFormat",
    "ExportResult",
    "Progress",
    "Window",
    "export",
    "export_table",
    "tables_of",
    "windows_between",
]
