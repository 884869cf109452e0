"""The tables, one file each: their columns, and where models have the values."""
