"""What each operation does to a world: one module a group, and its rows of the route table."""
