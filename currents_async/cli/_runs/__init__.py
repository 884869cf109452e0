"""Commands about runs: `runs`."""
