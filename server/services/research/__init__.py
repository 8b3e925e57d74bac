"""Exports, studies and the oracle."""
