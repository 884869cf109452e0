"""Many instances at once: which to fetch, the workers that fetch them, and the results."""
