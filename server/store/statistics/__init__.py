"""Rollups, who counts, and what the statistics are made from."""
