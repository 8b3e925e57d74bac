"""Tests of server/lm/inside."""
