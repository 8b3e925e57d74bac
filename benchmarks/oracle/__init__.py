"""The oracle: models play as people, so that every estimate can be held against a known truth."""
