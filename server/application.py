"""What a request or a command needs at hand: the service, the database, the clock."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import cast

from flask import Flask, current_app
from flask_sqlalchemy_lite import SQLAlchemy

from server.config import ROOT, Settings
from server.domain.scores.models import is_gguf, is_path, model_name
from server.domain.scores.unigram import unigram
from server.services.contest.memory import ContestMemory
from server.services.inside.stored import TraceLibrary
from server.services.play.home import HomeKeeper, revision_written
from server.services.play.library import ScoreLibrary
from server.services.play.opponents import OpponentChoice
from server.services.rooms.boards import RoomBoards
from server.services.scoring.live_scoring import LiveScoring
from server.services.statistics.crowd_keeper import CrowdKeeper
from server.services.statistics.keeper import StatisticsKeeper
from server.store.patience import DATABASE_FAILURES, hurry, is_full, watch_waits

__all__ = [
    "DATABASE_FAILURES",
    "db",
    "hurry",
    "is_full",
    "watch_waits",
]  # what the web takes from the store

db = SQLAlchemy()
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """What one application holds for all of its requests."""

    settings: Settings
    library: ScoreLibrary
    opponent: OpponentChoice
    home: HomeKeeper
    statistics: StatisticsKeeper
    live: LiveScoring | None  # None where live scoring is switched off
    crowd: CrowdKeeper
    contest: ContestMemory = field(default_factory=ContestMemory)
    traces: TraceLibrary = field(default_factory=TraceLibrary)
    boards: RoomBoards = field(default_factory=RoomBoards)


def service() -> Service:
    """Return the running application's service."""
    return cast("Service", current_app.extensions["perplexed"])


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


@cache
def newest_revision() -> str | None:
    """Return the revision that this release's tables have: migrations are numbered.

    Alembic would say the same, and take 9 MB of each process that serves.
    """
    names = (file.stem for file in (ROOT / "migrations" / "versions").glob("*_*.py"))
    return max((name.partition("_")[0] for name in names), default=None)


def unready() -> str | None:
    """Return the revision of a database that this release can't be served from, None of one it can.

    Writes something, and raises one of DATABASE_FAILURES where that fails.
    """
    found = revision_written(db.session)
    return None if found == newest_revision() else found or "none"


def absent_model(model: str) -> str | None:
    """Return why MODEL cannot be loaded, as far as this machine knows without asking the hub.

    What the model scored elsewhere can be played all the same.
    """
    if not is_path(model) or Path(model).exists():
        return None
    kind = "file" if is_gguf(model) else "folder"
    return (
        f"MODEL: there is no {kind} {model} on this machine. Passages that {model_name(model)} "
        "scored are played; nothing new can be scored here."
    )


def warm_up(app: Flask) -> None:
    """Read ahead what a process's first guess would wait for, before workers are forked from it.

    They share what is read, and no connection. A database that is not ready, or a MODEL that is not
    there, does not stop the start: the first guess then reads, and the log names the model.
    """
    with app.app_context():
        if (absent := absent_model(service().settings.model)) is not None:
            _log.warning(absent)
        try:
            service().library.warm_up(db.session, service().opponent)
            service().home.view(db.session)
            service().statistics.warm_up()
            service().crowd.warm_up()
            unigram().warm_up()
        except DATABASE_FAILURES as error:
            _log.warning("nothing was read ahead: %s", type(error).__name__)
        finally:
            db.session.close()
            db.engine.dispose()
