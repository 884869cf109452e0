"""How the fake service responds: handlers over a world, encoding, sending, recording."""
