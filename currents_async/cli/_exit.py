"""Exit codes."""

OK = 0
FAILED = 1
"""The API, the network or a file failed."""
USAGE = 2
NOT_FOUND = 3
UNAUTHORIZED = 4
PARTIAL = 5
"""Something was done, and something failed."""
FINDINGS = 6
"""What `--fail-on` names was found."""
INTERRUPTED = 130
NOBODY_READS = 141
"""Who read the output has closed it, as `head` does: what a shell says of SIGPIPE."""
TERMINATED = 143
"""SIGTERM came, as a shell says it."""
