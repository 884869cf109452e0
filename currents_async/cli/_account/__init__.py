"""Commands about the API key, and about the API itself: `auth` and `api`."""
