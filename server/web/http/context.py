"""What belongs to one request: the round use cases on its session, the player in its cookie."""

from __future__ import annotations

from flask import session

from server.application import db, service
from server.services.play.rounds import RoundService

_PLAYER = "player"


def rounds() -> RoundService:
    """Return the round use cases on this request's database session."""
    return RoundService(db.session, service().library, service().opponent)


def player_id() -> str | None:
    """Return the public id in the signed cookie, or None for a new player."""
    return session.get(_PLAYER)


def remember_player(public_id: str) -> None:
    """Put the public id into the signed cookie."""
    session.permanent = True
    session[_PLAYER] = public_id


def forget_player() -> None:
    """Empty the cookie."""
    session.clear()
