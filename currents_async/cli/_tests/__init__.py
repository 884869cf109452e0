"""Commands about tests over a span of time: `tests`."""
