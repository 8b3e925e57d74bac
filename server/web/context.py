"""What a request needs: the services with their session, the player in the cookie, the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from flask import current_app, session
from flask_sqlalchemy_lite import SQLAlchemy

from server.config import Settings
from server.services.library import ScoreLibrary
from server.services.live_scoring import LiveScoring
from server.services.opponents import OpponentChoice
from server.services.rounds import RoundService
from server.services.statistics_keeper import StatisticsKeeper

_PLAYER = "player"

db = SQLAlchemy()


@dataclass(frozen=True)
class Service:
    """What one application holds for all of its requests."""

    settings: Settings
    library: ScoreLibrary
    opponent: OpponentChoice
    statistics: StatisticsKeeper
    live: LiveScoring | None  # None where live scoring is switched off


def service() -> Service:
    """Return the running application's service."""
    return cast("Service", current_app.extensions["perplexed"])


def rounds() -> RoundService:
    """Return the round use cases on this request's database session."""
    return RoundService(db.session, service().library, service().opponent)


def player_id() -> str | None:
    """Return the public id in the signed cookie, or None for somebody new."""
    return session.get(_PLAYER)


def remember_player(public_id: str) -> None:
    """Put the public id into the signed cookie."""
    session.permanent = True
    session[_PLAYER] = public_id


def forget_player() -> None:
    """Empty the cookie."""
    session.clear()


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)
