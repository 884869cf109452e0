"""The command for shells: `completion`."""
