"""Statistics as sums: what an answer adds to them, and the estimates that come back out."""
