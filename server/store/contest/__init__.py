"""Tables and queries of what players do beside one another."""
