"""Writing rows to files, DuckDB or a stream, and the journal of what has been written."""
