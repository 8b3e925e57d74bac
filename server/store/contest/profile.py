"""What a player's own page counts: their rounds' sums, and a few shares of their guesses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, Integer, Label, Select, case, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.domain.play.rounds import Draw, Mode
from server.domain.text.tokens import Unit
from server.store.tables import GuessRow, JudgementRow, PassageRow, RoundRow, ScoredPassageRow


class Tally(NamedTuple):
    """Some finished rounds: how many, how many words, who had how many right, points in bits."""

    key: str
    rounds: int
    asked: int
    right: int
    model_right: int
    points_bits: float
    model_points_bits: float


class DayTally(NamedTuple):
    """The same of one day."""

    day: date
    asked: int
    right: int
    model_right: int
    points_bits: float
    rounds: int


class Share(NamedTuple):
    """Some guesses, by a number of a scale: how many, and who had how many right."""

    step: int
    guesses: int
    right: int
    model_right: int


def days_of(session: Session, player_id: int, model_id: int) -> list[DayTally]:
    """Return a player's unassisted guesses at words by the day that their rounds began."""
    query = (
        select(
            *(RoundRow.started_on, func.sum(ScoredPassageRow.asked_words)),
            *(func.sum(RoundRow.right_answers), func.sum(RoundRow.model_right_answers)),
            *(func.sum(RoundRow.points_bits), func.count()),
        )
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .where(*_main_rounds(player_id, model_id))
        .group_by(RoundRow.started_on)
        .order_by(RoundRow.started_on)
    )
    return [DayTally(*row) for row in session.execute(query)]


def scores_of(session: Session, player_id: int, model_id: int) -> dict[int, int]:
    """Return how many rounds ended with how many right answers, dailies among them."""
    query = (
        select(RoundRow.right_answers, func.count())
        .where(*_unassisted_rounds(player_id, model_id))
        .group_by(RoundRow.right_answers)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def best_round(session: Session, player_id: int, model_id: int) -> RoundRow | None:
    """Return the round that earned most points, a daily perhaps."""
    query = select(RoundRow).where(*_unassisted_rounds(player_id, model_id))
    query = query.order_by(RoundRow.points_bits.desc(), RoundRow.id).limit(1)
    return session.scalars(query).one_or_none()


def modes_of(session: Session, player_id: int, model_id: int) -> list[Tally]:
    """Return finished rounds by mode, dailies apart; duels by the pairs that were asked."""
    is_daily = RoundRow.draw_kind == Draw.MIXED
    way = case((is_daily, RoundRow.draw_kind), else_=RoundRow.mode)
    query = _tallies(way.label("way")).where(
        *_finished(player_id, model_id), RoundRow.practice.is_(False)
    )
    tallies = [Tally(*row) for row in session.execute(query.group_by("way"))]
    pairs = (
        select(func.count())
        .select_from(JudgementRow)
        .join(RoundRow, RoundRow.id == JudgementRow.round_id)
        .where(
            *_finished(player_id, model_id),
            JudgementRow.practice.is_(False),
            JudgementRow.asked.is_(True),
        )
    )
    duels = session.scalars(pairs).one()
    return [t._replace(asked=duels) if t.key == Mode.DUEL else t for t in tallies]


def genres_of(session: Session, player_id: int, model_id: int) -> list[Tally]:
    """Return unassisted rounds of guesses at words by the passage's genre, the most words first."""
    query = (
        _tallies(PassageRow.genre)
        .join(PassageRow, PassageRow.id == ScoredPassageRow.passage_id)
        .where(*_main_rounds(player_id, model_id))
        .group_by(PassageRow.genre)
        .order_by(func.sum(ScoredPassageRow.asked_words).desc(), PassageRow.genre)
    )
    return [Tally(*row) for row in session.execute(query)]


def shares_by_entropy(
    session: Session, player_id: int, model_id: int, bounds_nats: Sequence[float]
) -> list[Share]:
    """Return those guesses by how unsure the model was: step 0 is below the first bound."""
    return _shares(session, player_id, model_id, GuessRow.entropy_nats.expression, bounds_nats)


def shares_by_time(
    session: Session, player_id: int, model_id: int, bounds_ms: Sequence[int]
) -> list[Share]:
    """Return those guesses by how long they took: step 0 is below the first bound."""
    return _shares(session, player_id, model_id, GuessRow.elapsed_ms.expression, bounds_ms)


def _shares(
    session: Session,
    player_id: int,
    model_id: int,
    column: ColumnElement[float] | ColumnElement[int],
    bounds: Sequence[float],
) -> list[Share]:
    step = case(*((column < bound, index) for index, bound in enumerate(bounds)), else_=len(bounds))
    query = (
        select(
            *(step.label("step"), func.count()),
            *(_sum(GuessRow.is_right.expression), _sum(GuessRow.model_is_right.expression)),
        )
        .join(RoundRow, RoundRow.id == GuessRow.round_id)
        .where(GuessRow.player_id == player_id, *_main_rounds(player_id, model_id))
        .group_by("step")
        .order_by("step")
    )
    return [Share(*row) for row in session.execute(query)]


def _sum(column: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(cast(column, Integer))


def _tallies(
    key: InstrumentedAttribute[str] | Label[str],
) -> Select[str, int, int, int, int, float, float]:
    asked = case(
        (RoundRow.draw_kind == Draw.MIXED, ScoredPassageRow.mixed_words),
        (RoundRow.unit == Unit.WORDS, ScoredPassageRow.asked_words),
        else_=ScoredPassageRow.asked_tokens,
    )
    return select(
        key,
        func.count(),
        func.sum(asked),
        func.sum(RoundRow.right_answers),
        func.sum(RoundRow.model_right_answers),
        func.sum(RoundRow.points_bits),
        func.sum(RoundRow.model_points_bits),
    ).join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)


def _finished(player_id: int, model_id: int) -> tuple[ColumnElement[bool], ...]:
    """Select by an index; only finished rounds, so that no count tells of a word to come."""
    return (
        RoundRow.player_id == player_id,
        RoundRow.model_id == model_id,
        RoundRow.finished_at.is_not(None),
        RoundRow.repeated.is_(False),
    )


def _main_rounds(player_id: int, model_id: int) -> tuple[ColumnElement[bool], ...]:
    """Select those in which both sides are compared: a daily's words are no uniform draw."""
    return (
        *_unassisted_rounds(player_id, model_id),
        RoundRow.draw_kind == Draw.UNIFORM,
    )


def _unassisted_rounds(player_id: int, model_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        *_finished(player_id, model_id),
        RoundRow.mode == Mode.GUESS,
        RoundRow.unit == Unit.WORDS,
        RoundRow.assisted.is_(False),
    )
