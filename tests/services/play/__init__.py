"""Tests of rounds, answers and results."""
