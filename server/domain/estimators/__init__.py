"""Estimates of accuracy, loss and ability; each is tested against a known truth."""
