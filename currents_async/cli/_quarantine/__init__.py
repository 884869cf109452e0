"""Commands about quarantine: `quarantine`."""
