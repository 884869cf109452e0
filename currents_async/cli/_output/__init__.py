"""Output on stdout: tables for people; JSON, CSV and Parquet for programs."""
