"""Rooms: their tables and every query on them."""
