"""Models drawn unrolled in time."""
