"""Fetching windows from the service: their lists of runs, runs and instances."""
