"""The API's operations, one file per group: endpoints as constants, and a method for each."""
