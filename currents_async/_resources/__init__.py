"""The API's operations, a file for each group: the wire facts, then the human signatures."""
