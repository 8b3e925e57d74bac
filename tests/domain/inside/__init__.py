"""Tests of what the layers of a model say."""
