"""Leave players out of all statistics, one or a whole window of time, and take that back."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel
from sqlalchemy.orm import Session

from server.domain.errors import InvalidInput, NotFound
from server.services.operations.audit import Operator, note
from server.services.research.exporting import player_called
from server.store.engine import writing
from server.store.operations import flaggings as stored
from server.store.statistics.rollups import mark_player

LONGEST_WINDOW = timedelta(days=31)


class FlaggingView(BaseModel):
    """A flagging of a window of time, and how many players it leaves out."""

    id: int
    since: datetime
    until: datetime
    least_right: float | None
    made_at: datetime
    undone_at: datetime | None
    players: int


def flag_player(
    session: Session, name: str, secret: str, operator: Operator, *, flagged: bool
) -> None:
    """Say whether a player's answers stay out of all statistics.

    `name` is their public id or the name that an export gives them. Raises NotFound.
    """
    with writing(session):
        player = player_called(session, name, secret)
        player.flagged, player.flagging_id = flagged, None
        mark_player(session, player.id)
        note(session, operator, "flag" if flagged else "unflag", name)


def flag_window(
    session: Session,
    window: tuple[datetime, datetime],
    least_right: float | None,
    operator: Operator,
) -> FlaggingView:
    """Flag everybody who first came within a window of time and is not flagged yet.

    `least_right`, a share, narrows that to players who were right at least so often. Raises
    InvalidInput for a window that ends before it begins, or is longer than 31 days.
    """
    since, until = window
    if not timedelta(0) < until - since <= LONGEST_WINDOW:
        raise InvalidInput(
            "until",
            f"The window must be longer than nothing, and at most {LONGEST_WINDOW.days} days.",
        )
    if least_right is not None and not 0 <= least_right <= 1:
        raise InvalidInput("least_right", "It is a share, from 0 to 1.")
    with writing(session):
        players = stored.new_players(session, since, until, least_right)
        row = stored.add_flagging(session, window, least_right, operator.at)
        stored.set_flags(session, players, flagged=True, flagging_id=row.id)
        narrowed = "" if least_right is None else f", right in at least {least_right:.0%}"
        detail = f"{since.isoformat()} to {until.isoformat()}{narrowed}: {len(players)} players"
        note(session, operator, "flag window", f"number {row.id}, {detail}")
        return FlaggingView(
            id=row.id,
            since=since,
            until=until,
            least_right=least_right,
            made_at=row.made_at,
            undone_at=None,
            players=len(players),
        )


def undo_flagging(session: Session, flagging_id: int, operator: Operator) -> int:
    """Let the players count again whom a flagging left out, and return how many these are.

    Who was flagged otherwise stays so. Raises NotFound.
    """
    with writing(session):
        row = stored.find_flagging(session, flagging_id)
        if row is None:
            raise NotFound(f"There is no flagging number {flagging_id}.")
        players = stored.players_of(session, flagging_id)
        stored.set_flags(session, players, flagged=False, flagging_id=None)
        row.undone_at = row.undone_at or operator.at
        note(session, operator, "undo flagging", f"number {flagging_id}: {len(players)} players")
        return len(players)


def last_flaggings(session: Session, limit: int) -> list[FlaggingView]:
    """Return the newest flaggings, newest first."""
    return [
        FlaggingView(
            id=row.id,
            since=row.since,
            until=row.until,
            least_right=row.least_right,
            made_at=row.made_at,
            undone_at=row.undone_at,
            players=players,
        )
        for row, players in stored.flaggings_from(session, limit)
    ]
