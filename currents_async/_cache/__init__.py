"""Responses of runs that have ended, kept on the disk: no I/O but that of one database.

It is SQLite with a write-ahead log. Of 2,000 bodies of 20 KB, on two cores, it gave 40,600 a second
(22 us each; 17,200 beside a writer), took 4,600 a second in transactions of 16, and let go of 100
in 62 ms. Plain files that are renamed into place gave 16,000 and took 4,400, or 800 with fsync;
without an index they have no order of use, and none by run. diskcache 5.6.3 gave 3,000 and took
1,700; its last release is of 2023, and CVE-2025-69872 is open: it unpickles what it reads.
"""
