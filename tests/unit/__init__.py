"""Tests of the rules and the mathematics: no app, no database, no network."""
