"""Use cases; each one owns its transaction. No Flask, no torch."""
