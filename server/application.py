"""What a request or a command needs at hand: the service, the database, the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from flask import current_app
from flask_sqlalchemy_lite import SQLAlchemy

from server.config import Settings
from server.services.play.library import ScoreLibrary
from server.services.play.opponents import OpponentChoice
from server.services.scoring.live_scoring import LiveScoring
from server.services.statistics.keeper import StatisticsKeeper

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


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)
