"""Delete what nobody comes back for: players without an answer, who idle ones were, old rooms."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from server.services.operations.audit import Operator, note
from server.services.rooms.closing import close_old_rooms
from server.services.statistics.admission import release
from server.store.engine import writing
from server.store.operations import purging as stored

DAYS_WITHOUT_ANSWER = 7
DAYS_IDLE = 730


@dataclass(frozen=True)
class Purged:
    """How many players were deleted, how many no cookie leads to any more, and rooms closed."""

    deleted: int
    unlinked: int
    rooms: int = 0


def purge(session: Session, operator: Operator) -> Purged:
    """Delete players who answered nothing within 7 days, and unlink those idle for two years.

    To unlink is to delete the nickname and the texts of their own, and to change the public id, so
    that neither a cookie nor an earlier export leads to the answers, which stay. Hashes of
    addresses of earlier days go, too, and so do the own texts of rooms that are past their day.
    Small transactions: play goes on meanwhile.
    """
    release(session, operator.at)
    rooms = close_old_rooms(session, operator.at)
    deleted = _delete_all(session, operator.at - timedelta(days=DAYS_WITHOUT_ANSWER))
    unlinked = _unlink_all(session, operator.at - timedelta(days=DAYS_IDLE), operator.at)
    if deleted or unlinked or rooms:
        with writing(session):
            detail = f"{deleted} players without an answer deleted, {unlinked} idle ones unlinked"
            note(session, operator, "purge", f"{detail}, {rooms} rooms closed")
    return Purged(deleted, unlinked, rooms)


def _delete_all(session: Session, before: datetime) -> int:
    deleted = 0
    while True:
        with writing(session):
            players = stored.without_an_answer(session, before)
            if not players:
                return deleted
            stored.delete_players(session, players)
        deleted += len(players)


def _unlink_all(session: Session, before: datetime, now: datetime) -> int:
    unlinked = 0
    while True:
        with writing(session):
            players = stored.idle_since(session, before)
            if not players:
                return unlinked
            stored.delete_own_texts(session, players)
            for player in players:
                stored.unlink(session, player, secrets.token_urlsafe(16), now)
        unlinked += len(players)
