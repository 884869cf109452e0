"""How the fake service answers: handlers over a world, encoding, sending, recording."""
