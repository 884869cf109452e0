"""Exit codes."""

OK = 0
FAILED = 1
"""The API or the network failed."""
USAGE = 2
NOT_FOUND = 3
UNAUTHORIZED = 4
INTERRUPTED = 130
