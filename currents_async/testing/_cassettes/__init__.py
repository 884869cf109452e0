"""What cassettes are made of."""
