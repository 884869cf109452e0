"""How the made-up data is made: pure, seeded, in the wire's shape, and not through our models."""
