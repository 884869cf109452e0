"""What an export asks the service for, in which order: windows, runs, instances."""
