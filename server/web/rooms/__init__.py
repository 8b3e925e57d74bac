"""Rooms over HTTP: the calls, and the pages of hosts and players."""
