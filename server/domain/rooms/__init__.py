"""Rooms: a group plays the same words at the same time, led by a host."""
