"""Responses of runs that have ended, kept on the disk: no I/O but that of one database.

It is SQLite, with a write-ahead log. It knows the order of use and the run of each response, as
files do not without an index, is sound after a crash without a sync for each write, with which
files take several times as long, and reads 20 KB in a tenth of a millisecond, their seal included:
`nox -s bench -- cache`. The last release of diskcache is of 2023, and it unpickles what it reads.
"""
