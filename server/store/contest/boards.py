"""What the leaderboard ranks: sums of rounds and of players, never a look at answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from server.domain.play.rounds import Draw, Mode
from server.domain.text.tokens import Unit
from server.store.statistics.rollup_tables import PlayerTallyRow
from server.store.tables import PlayerRow, RoundRow, ScoredPassageRow


@dataclass(frozen=True)
class Standing:
    """A named player's right answers, of how many, and what they are worth in bits.

    `squares` is the sum of the squares of how many words each passage has: the words of one
    passage are not independent of each other.
    """

    public_id: str
    nickname: str
    right: int
    words: int
    points_bits: float
    squares: int


@dataclass(frozen=True)
class Named:
    """A player whose name may be shown."""

    public_id: str
    nickname: str


_SHOWN = (
    PlayerRow.nickname.is_not(None),
    PlayerRow.hidden.is_(False),
    PlayerRow.flagged.is_(False),
)


def daily_standings(
    session: Session, model_id: int, day: date, *, assisted: bool, limit: int
) -> list[Standing]:
    """Return the named players who finished a day's passage on its day, the best points first.

    An index leads to the day's rounds; rounds of players who knew the passage stay out.
    """
    query = (
        select(
            *(PlayerRow.public_id, PlayerRow.nickname, RoundRow.right_answers),
            *(ScoredPassageRow.asked_words, RoundRow.points_bits),
        )
        .join(RoundRow, RoundRow.player_id == PlayerRow.id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .where(
            *(RoundRow.daily_on == day, RoundRow.started_on == day),
            *_counted(model_id, assisted=assisted),
        )
        .order_by(RoundRow.points_bits.desc(), RoundRow.right_answers.desc(), RoundRow.finished_at)
        .limit(limit)
    )
    return [
        Standing(public_id, nickname or "", right, words, points, words**2)
        for public_id, nickname, right, words, points in session.execute(query)
    ]


def assisted_standings(session: Session, model_id: int, least_words: int) -> list[Standing]:
    """Return the named players with so many uniformly drawn, assisted words at least, in no order.

    It reads the rounds of named players by an index, a row a round, whatever the number of answers.
    """
    asked = ScoredPassageRow.asked_words
    words = func.sum(asked)
    query = (
        select(
            *(PlayerRow.public_id, PlayerRow.nickname, func.sum(RoundRow.right_answers)),
            *(words, func.sum(RoundRow.points_bits), func.sum(asked * asked)),
        )
        .join(RoundRow, RoundRow.player_id == PlayerRow.id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .where(
            *_counted(model_id, assisted=True),
            RoundRow.draw_kind == Draw.UNIFORM,
            ScoredPassageRow.draw_number.is_not(None),
        )
        .group_by(PlayerRow.id, PlayerRow.public_id, PlayerRow.nickname)
        .having(words >= least_words)
    )
    return [
        Standing(public_id, nickname or "", int(right), int(words), float(points), int(squares))
        for public_id, nickname, right, words, points, squares in session.execute(query)
    ]


def names_of_tallied(session: Session, model_id: int, least_words: int) -> dict[int, Named]:
    """Return the players by id whose names may be shown and who have a tally of so many words."""
    tally = PlayerTallyRow
    query = (
        select(PlayerRow.id, PlayerRow.public_id, PlayerRow.nickname)
        .join(tally, tally.player_id == PlayerRow.id)
        .where(
            *(tally.model_id == model_id, tally.unit == Unit.WORDS, tally.words >= least_words),
            *_SHOWN,
        )
    )
    return {
        player_id: Named(public_id, nickname or "")
        for player_id, public_id, nickname in session.execute(query)
    }


def a_round_of_the_day(session: Session, model_id: int, day: date) -> RoundRow | None:
    """Return a finished round on the day's passage: whoever played it, it asked the same words."""
    query = (
        select(RoundRow)
        .where(RoundRow.daily_on == day, *_in_words(model_id))
        .order_by(RoundRow.id)
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def has_finished_the_day(session: Session, public_id: str, model_id: int, day: date) -> bool:
    """Tell whether a player has finished the day's passage, on the day or later."""
    query = (
        select(RoundRow.id)
        .join(PlayerRow, PlayerRow.id == RoundRow.player_id)
        .where(PlayerRow.public_id == public_id, RoundRow.daily_on == day, *_in_words(model_id))
    )
    return session.scalars(query.limit(1)).one_or_none() is not None


def first_passages(session: Session, model_id: int, count: int) -> Sequence[int]:
    """Return the ids of the model's first scored passages that ask words, in drawing order."""
    query = (
        select(ScoredPassageRow.id)
        .where(
            ScoredPassageRow.model_id == model_id,
            ScoredPassageRow.draw_number.is_not(None),
            ScoredPassageRow.asked_words > 0,
        )
        .order_by(ScoredPassageRow.draw_number)
        .limit(count)
    )
    return session.scalars(query).all()


def _in_words(model_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        RoundRow.model_id == model_id,
        RoundRow.mode == Mode.GUESS,
        RoundRow.unit == Unit.WORDS,
        RoundRow.finished_at.is_not(None),
    )


def _counted(model_id: int, *, assisted: bool) -> tuple[ColumnElement[bool], ...]:
    """Select finished rounds of words, new to their players, whose names may be shown."""
    return (
        *_in_words(model_id),
        RoundRow.assisted == assisted,
        RoundRow.repeated.is_(False),
        *_SHOWN,
    )
