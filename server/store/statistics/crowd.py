"""What all people answered at the positions of a passage: in rounds and in rooms, at first sight.

Left out are assisted guesses, those on a passage seen before, further tries, a skip before a bet,
whom the operator flagged, and words that a room has not revealed yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, literal, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.domain.rooms.course import Phase
from server.domain.scores.passage_scores import Draw
from server.domain.text.tokens import Unit
from server.store.base import Base
from server.store.rooms.room_tables import RoomAnswerRow, RoomPlayerRow, RoomRow
from server.store.statistics.first_guesses import FIRST_SIGHT_OF_ANY_DRAW
from server.store.tables import GuessRow, PassageRow, PlayerRow, RoundRow, ScoredPassageRow

ROOM_MODE = "room"


class CrowdStatisticsRow(Base):
    """What the crowd comes to as last counted; one row, number 1, which the migration adds."""

    __tablename__ = "crowd_statistics"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    begun_at: Mapped[datetime]  # when the newest count began, which may still be under way
    document: Mapped[str | None]  # JSON; None until the first count is done


class CrowdAnswer(NamedTuple):
    """One person's first answer at a position; text None is a skip."""

    position: int
    player_id: int
    mode: str
    text: str | None


def crowd_answers(
    session: Session,
    scored_passage_id: int,
    unit: str,
    most: int | None,
    draw: Draw = Draw.UNIFORM,
) -> list[CrowdAnswer]:
    """Return people's first answers at the positions that one draw asks, by position.

    Statistics over positions take those drawn uniformly, as rooms' are; a daily round's own, drawn
    `mixed`, are shown position by position alone. At most those of the `most` newest rounds and as
    many answers from rooms at each of its words, so that the cost does not grow with a passage's
    fame; None for all.
    """
    rounds = (
        select(RoundRow.id)
        .where(
            RoundRow.scored_passage_id == scored_passage_id,
            RoundRow.unit == unit,
            RoundRow.draw_kind == draw,
            RoundRow.assisted.is_(False),
            RoundRow.repeated.is_(False),
        )
        .order_by(RoundRow.id.desc())
        .limit(most)
    )
    first_sight = (*FIRST_SIGHT_OF_ANY_DRAW, GuessRow.draw_kind == draw)
    query = (
        select(GuessRow.position, GuessRow.player_id, GuessRow.mode, GuessRow.text)
        .join(PlayerRow, PlayerRow.id == GuessRow.player_id)
        .where(GuessRow.round_id.in_(rounds), *first_sight, PlayerRow.flagged.is_(False))
        .order_by(GuessRow.position, GuessRow.id)
    )
    found = [CrowdAnswer(*row) for row in session.execute(query)]
    if unit == Unit.WORDS and draw is Draw.UNIFORM:
        found += _room_answers(session, scored_passage_id, most)
    return found


def _room_answers(
    session: Session, scored_passage_id: int, most: int | None
) -> Iterator[CrowdAnswer]:
    columns = (RoomAnswerRow.position, RoomPlayerRow.player_id, literal(ROOM_MODE))
    seats = (
        select(RoomPlayerRow.id)
        .join(RoomRow, RoomRow.id == RoomPlayerRow.room_id)
        .where(
            RoomRow.scored_passage_id == scored_passage_id,
            RoomPlayerRow.repeated.is_(False),
        )
        .order_by(RoomPlayerRow.id.desc())
        .limit(most)
    )
    revealed = (RoomAnswerRow.word < RoomRow.word) | (
        (RoomAnswerRow.word == RoomRow.word) & (RoomRow.phase == Phase.REVEALED)
    )
    query = (
        select(*columns, RoomAnswerRow.text)
        .join(RoomPlayerRow, RoomPlayerRow.id == RoomAnswerRow.room_player_id)
        .join(RoomRow, RoomRow.id == RoomAnswerRow.room_id)
        .join(PlayerRow, PlayerRow.id == RoomPlayerRow.player_id)
        .where(RoomAnswerRow.room_player_id.in_(seats), revealed, PlayerRow.flagged.is_(False))
        .order_by(RoomAnswerRow.position, RoomAnswerRow.id)
    )
    for row in session.execute(query):
        yield CrowdAnswer(*row)


class PlayedPassage(NamedTuple):
    """A scored passage that many have played, in one unit."""

    scored_passage_id: int
    model_id: int
    content_hash: str
    unit: str


def passages_by_play(session: Session, least: int, most: int | None) -> list[PlayedPassage]:
    """Return the scored passages with at least so many first rounds and seats, most played first.

    Players' own texts and daily rounds are left out; `most` None gives all.
    """
    played: dict[tuple[int, str], int] = {}
    rounds = (
        select(RoundRow.scored_passage_id, RoundRow.unit, func.count())
        .where(
            RoundRow.draw_kind == Draw.UNIFORM,
            RoundRow.assisted.is_(False),
            RoundRow.repeated.is_(False),
        )
        .group_by(RoundRow.scored_passage_id, RoundRow.unit)
    )
    seats = (
        select(RoomRow.scored_passage_id, literal(Unit.WORDS.value), func.count())
        .join(RoomPlayerRow, RoomPlayerRow.room_id == RoomRow.id)
        .where(RoomRow.own_text.is_(False))
        .group_by(RoomRow.scored_passage_id)
    )
    for query in (rounds, seats):
        for scored_id, unit, count in session.execute(query):
            if scored_id is not None:
                played[scored_id, unit] = played.get((scored_id, unit), 0) + count
    many = [place for place, count in played.items() if count >= least]
    ordered = sorted(many, key=lambda place: (-played[place], place))[:most]
    return _described(session, ordered)


def _described(session: Session, places: Sequence[tuple[int, str]]) -> list[PlayedPassage]:
    described = []
    for scored_id, unit in places:
        query = (
            select(ScoredPassageRow.model_id, PassageRow.content_hash)
            .join(PassageRow, PassageRow.id == ScoredPassageRow.passage_id)
            .where(ScoredPassageRow.id == scored_id, PassageRow.owner_id.is_(None))
        )
        row = session.execute(query).one_or_none()
        if row is not None:
            described.append(PlayedPassage(scored_id, row.model_id, row.content_hash, unit))
    return described


def kept_crowd(session: Session) -> CrowdStatisticsRow:
    """Return what the crowd came to at the last count."""
    return session.get_one(CrowdStatisticsRow, 1)


def begin_crowd_count(session: Session, begun_at: datetime, before: datetime) -> bool:
    """Claim the next count; False where another process has begun one since `before`."""
    claimed = session.execute(
        update(CrowdStatisticsRow)
        .where(CrowdStatisticsRow.id == 1, CrowdStatisticsRow.begun_at == before)
        .values(begun_at=begun_at)
        .returning(CrowdStatisticsRow.id)
    )
    return claimed.one_or_none() is not None


def keep_crowd(session: Session, begun_at: datetime, document: str) -> None:
    """Keep what was counted, unless a later count has begun."""
    session.execute(
        update(CrowdStatisticsRow)
        .where(CrowdStatisticsRow.id == 1, CrowdStatisticsRow.begun_at == begun_at)
        .values(document=document)
    )
