"""The wire format, without I/O: requests to bytes, bytes to Structs, failures to errors."""
