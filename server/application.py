"""What a request or a command needs at hand: the service, the database, the clock."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from flask import Flask, current_app
from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy.exc import SQLAlchemyError

from server.config import Settings
from server.services.play.library import ScoreLibrary
from server.services.play.opponents import OpponentChoice
from server.services.scoring.live_scoring import LiveScoring
from server.services.statistics.keeper import StatisticsKeeper

db = SQLAlchemy()
_log = logging.getLogger(__name__)


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


def warm_up(app: Flask) -> None:
    """Read ahead what a process's first guess would wait for, before workers are forked from it.

    They share what is read, and no connection. A database that is not ready does not stop the
    start: the first guess then reads.
    """
    with app.app_context():
        try:
            service().library.warm_up(db.session, service().opponent)
        except SQLAlchemyError as error:
            _log.warning("nothing was read ahead: %s", type(error).__name__)
        finally:
            db.session.close()
            db.engine.dispose()
