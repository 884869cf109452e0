"""From options, environment and profile to an open client."""
