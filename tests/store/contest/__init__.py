"""What players do together."""
