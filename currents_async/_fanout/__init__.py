"""Many instances at once: which are fetched, by whom, and how they are handed over."""
