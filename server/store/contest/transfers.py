"""Queries that join two players' histories into one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server.domain.contest.transfers import Sitting, repeated_sittings
from server.store.contest.tables import FormerPlayerRow, TransferRow
from server.store.rooms.room_tables import RoomPlayerRow
from server.store.statistics.rollups import mark_player
from server.store.tables import (
    BetRow,
    GuessRow,
    JudgementRow,
    PassageRow,
    PlayerRow,
    RoundRow,
    ScoredPassageRow,
)

# Every table whose rows belong to a player, by the column that says so. A test compares this with
# the tables that there are: what is missing here would be deleted with the player who is joined.
OWNED = {
    RoundRow: RoundRow.player_id,
    GuessRow: GuessRow.player_id,
    BetRow: BetRow.player_id,
    JudgementRow: JudgementRow.player_id,
    PassageRow: PassageRow.owner_id,
    FormerPlayerRow: FormerPlayerRow.player_id,
    RoomPlayerRow: RoomPlayerRow.player_id,
}


def add_transfer(session: Session, player_id: int, code_hash: str, expires_at: datetime) -> None:
    """Keep a code's hash for a player in place of their earlier ones."""
    session.execute(delete(TransferRow).where(TransferRow.player_id == player_id))
    session.add(TransferRow(code_hash=code_hash, player_id=player_id, expires_at=expires_at))
    session.flush()


def use_transfer(session: Session, code_hash: str, now: datetime) -> PlayerRow | None:
    """Remove a code, so that it serves once; return whose it was, unless it had expired.

    Of two requests with the same code, one finds it.
    """
    query = select(TransferRow).where(TransferRow.code_hash == code_hash)
    row = session.scalars(query.with_for_update()).one_or_none()
    if row is None:
        return None
    player_id, expires_at = row.player_id, row.expires_at
    session.delete(row)
    session.flush()
    return session.get(PlayerRow, player_id) if expires_at > now else None


def forget_expired(session: Session, now: datetime) -> None:
    """Remove the codes that have expired."""
    session.execute(delete(TransferRow).where(TransferRow.expires_at <= now))


def lock_players(session: Session, ids: Collection[int]) -> list[PlayerRow]:
    """Lock players in the order of their ids, so that no two joins wait for each other."""
    query = select(PlayerRow).where(PlayerRow.id.in_(ids)).order_by(PlayerRow.id)
    return list(session.scalars(query.with_for_update()))


def move_history(session: Session, former: PlayerRow, player: PlayerRow) -> None:
    """Give a player all that is another's, and remove the other; the old public id leads on.

    Rounds on a passage that both have had become repeated, with their answers, where the player
    could have known its words. Where both sat in one room, the other's seat goes: nobody plays
    a room twice.
    """
    rooms = select(RoomPlayerRow.room_id).where(RoomPlayerRow.player_id == player.id)
    twice = (
        RoomPlayerRow.player_id == former.id,
        RoomPlayerRow.room_id.in_(rooms.subquery().select()),
    )
    session.execute(delete(RoomPlayerRow).where(*twice))
    for table, owner in OWNED.items():
        session.execute(update(table).where(owner == former.id).values({owner: player.id}))
    _mark_repeated(session, player.id)
    session.add(FormerPlayerRow(public_id=former.public_id, player_id=player.id))
    former_id = former.id
    session.execute(delete(PlayerRow).where(PlayerRow.id == former_id))
    for changed in (former_id, player.id):
        mark_player(session, changed)
    session.flush()


def _mark_repeated(session: Session, player_id: int) -> None:
    query = (
        select(ScoredPassageRow.passage_id, RoundRow.id, RoundRow.started_at, RoundRow.finished_at)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .where(RoundRow.player_id == player_id)
    )
    by_passage: dict[int, list[Sitting]] = defaultdict(list)
    for passage_id, round_id, started_at, finished_at in session.execute(query):
        by_passage[passage_id].append(Sitting(round_id, started_at, finished_at))
    ids = [round_id for sittings in by_passage.values() for round_id in repeated_sittings(sittings)]
    for table, column in ((GuessRow, GuessRow.round_id), (BetRow, BetRow.round_id)):
        session.execute(update(table).where(column.in_(ids)).values(repeated=True))
    session.execute(update(RoundRow).where(RoundRow.id.in_(ids)).values(repeated=True))
