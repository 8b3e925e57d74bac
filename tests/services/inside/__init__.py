"""Tests of server/services/inside."""
