"""Estimates of accuracy and loss with their intervals; each is tested against a known truth."""
