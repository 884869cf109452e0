"""The command that exports: `export`."""
