"""Commands that fetch a run and report on it: `demo` and `run`."""
