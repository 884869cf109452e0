"""How the data of a world is made: pure, seeded, in the wire's shape, without our models."""
