"""Where rows go: files, DuckDB, a stream; and what is known of windows that are done."""
