"""Commands about instances: `instances`."""
