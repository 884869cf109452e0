"""What dlt and Spark share: windows read from a thread, types and destinations."""
