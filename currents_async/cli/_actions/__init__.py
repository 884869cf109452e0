"""Commands about actions: `actions`."""
