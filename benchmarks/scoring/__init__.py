"""How fast passages are scored: against a loop over prefixes, a harness, and the hardware."""
