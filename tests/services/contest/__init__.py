"""Tests of what players do beside one another."""
