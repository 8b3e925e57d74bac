"""Use cases of what players do beside one another."""
