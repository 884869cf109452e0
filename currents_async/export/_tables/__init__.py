"""The tables: a file each, with its columns, and how their values are found in models."""
