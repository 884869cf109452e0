"""Exit codes; those above 128 are what a shell reports of a signal."""

OK = 0
FAILED = 1
"""The API, the network or a file failed."""
USAGE = 2
NOT_FOUND = 3
UNAUTHORIZED = 4
PARTIAL = 5
"""Something was done, and something failed."""
FINDINGS = 6
"""`--fail-on` names something that was found, or `lake check` has found faults."""
INTERRUPTED = 130
STDOUT_CLOSED = 141
"""The reader of stdout has closed it, as `head` does (SIGPIPE)."""
TERMINATED = 143
"""By SIGTERM."""
