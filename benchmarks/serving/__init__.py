"""Measure how many requests a second the service answers, beside a bare endpoint."""
