"""The operator's morning: the page /admin, and what can be done there."""
