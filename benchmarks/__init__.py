"""Measure this library beside what people use today; see `README.md` in this folder."""
