"""Traces: what the layers of a model say about its scored passages."""
