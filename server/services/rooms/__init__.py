"""Rooms: what hosts and players do in them, and how each sees the room."""
