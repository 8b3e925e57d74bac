"""What belongs to one request: the round use cases on its session, the player in its cookie."""

from __future__ import annotations

import secrets
from datetime import timedelta

from flask import request, session

from server.application import db, now, service
from server.services.play.rounds import RoundService
from server.services.statistics.admission import Admission
from server.web.http.addresses import hash_of_day, network_of

_PLAYER = "player"
_VISITOR = "visitor"


def rounds() -> RoundService:
    """Return the round use cases on this request's database session."""
    return RoundService(db.session, service().library, service().opponent, admission())


def admission() -> Admission:
    """Return when this request's rounds count; its address leaves here as the day's hash alone."""
    settings = service().settings
    share, network = settings.share_of_address, network_of(request.remote_addr)
    return Admission(
        timedelta(hours=settings.wait_hours),
        share,
        hash_of_day(network, now().date(), settings.secret_key) if share and network else None,
    )


def player_id() -> str | None:
    """Return the public id in the signed cookie, or None for a new player."""
    return session.get(_PLAYER)


def visitor_id() -> str | None:
    """Return what the cookie says of somebody who has not played: nothing is stored about them."""
    return session.get(_VISITOR)


def remember_visitor() -> None:
    """Give somebody without a cookie one, so that their requests are counted as theirs."""
    if _PLAYER not in session and _VISITOR not in session:
        session.permanent = True
        session[_VISITOR] = secrets.token_urlsafe(12)


def remember_player(public_id: str) -> None:
    """Put the public id into the signed cookie."""
    session.permanent = True
    session[_PLAYER] = public_id


def forget_player() -> None:
    """Empty the cookie."""
    session.clear()
