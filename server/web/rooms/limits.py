"""Rate limits of rooms: they leave room for a hall of 200 pupils behind one address."""

from __future__ import annotations

from flask import Response

OPEN_LIMIT_OF_ADDRESS = "60 per hour"
JOIN_LIMIT = "600 per minute"  # before a phone has its cookie, a hall is one address
MOVE_LIMIT = "300 per minute"
# Of codes that no room has: they cannot be tried out. Whoever has joined is counted alone, so that
# somebody who tries cannot shut others behind the same address out of their room.
LOOK_LIMIT_OF_UNKNOWN = "300 per minute"
_NOT_FOUND = 404


def is_unknown(response: Response) -> bool:
    """Tell whether somebody asked for a room that is not there."""
    return response.status_code == _NOT_FOUND
