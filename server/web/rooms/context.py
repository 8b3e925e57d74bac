"""What belongs to one request about a room: its use cases, who asks, and how often they may."""

from __future__ import annotations

from flask import Response, session

from server.application import db, service
from server.services.rooms.opening import RoomOpening
from server.services.rooms.rooms import Asker, RoomService
from server.web.http.context import player_id
from server.web.http.limits import address, limiter

_KEYS = "rooms"
MOST_KEYS = 8  # a cookie holds 4 KB; a host leads one room at a time
OPEN_LIMIT_OF_ADDRESS = "60 per hour"  # by the form and by the API together
JOIN_LIMIT = "600 per minute"  # before a phone has its cookie, a hall is one address
MOVE_LIMIT = "300 per minute"
# Of codes that no room has: they cannot be tried out. Whoever has joined is counted alone, so that
# somebody who tries cannot shut others behind the same address out of their room.
LOOK_LIMIT_OF_UNKNOWN = "300 per minute"
_NOT_FOUND = 404
opening_limit = limiter.shared_limit(OPEN_LIMIT_OF_ADDRESS, scope="rooms", key_func=address)


def is_unknown(response: Response) -> bool:
    """Tell whether somebody asked for a room that is not there."""
    return response.status_code == _NOT_FOUND


def rooms() -> RoomService:
    """Return the use cases of rooms on this request's database session."""
    return RoomService(db.session, service().library, service().boards)


def opening() -> RoomOpening:
    """Return the use cases of somebody who opens a room."""
    return RoomOpening(db.session, service().opponent, service().live)


def asker(code: str) -> Asker:
    """Return who asks about a room."""
    return Asker(player_id(), key_to(code))


def key_to(code: str) -> str | None:
    """Return the host's key to a room, where this browser has it."""
    keys: dict[str, str] = session.get(_KEYS, {})
    return keys.get(code.upper())


def remember_key(code: str, key: str) -> None:
    """Put a host's key into the signed cookie; the oldest of too many go."""
    keys: dict[str, str] = {**session.get(_KEYS, {})}
    keys.pop(code, None)
    kept = [*keys.items(), (code, key)][-MOST_KEYS:]
    session.permanent = True
    session[_KEYS] = dict(kept)
