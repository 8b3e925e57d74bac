"""Guesses for the statistics: first ones that count, paired counts, and some players' rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from typing import cast as typed

from sqlalchemy import (
    ColumnElement,
    Integer,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import Session, aliased

from server.domain.estimators.accuracy import PairedCounts
from server.domain.estimators.arrays import FloatArray
from server.domain.play.duels import CURRENT_QUESTION
from server.domain.play.rounds import MOST_TRIES, Draw, Mode
from server.store.rows import FirstGuess, MarkedGuess
from server.store.tables import (
    BetRow,
    GuessRow,
    JudgementRow,
    PassageRow,
    RoundRow,
    ScoredPassageRow,
)

Excluded = Collection[tuple[int, str]]  # players with the modes in which they do not count

# Between the bins of the model's entropy, in bits.
ENTROPY_EDGES_BITS = (2, 4, 6, 8)


@dataclass(frozen=True)
class PairedGroup:
    """The paired counts of one model and unit, and of one mode, genre, bin or day within."""

    model_id: int
    unit: str
    key: Any
    counts: PairedCounts
    players: int
    skipped: int
    mean_loss_nats: float
    weights: FloatArray  # how its answers cluster, see ClusterSquares


@dataclass(frozen=True)
class AnswerCounts:
    """How many answers count, and how many judgements answer the first question."""

    guesses: int = 0
    bets: int = 0
    judgements: int = 0
    first_question: int = 0


def answers_by_mode(
    session: Session, players: Collection[int] | None = None
) -> dict[tuple[int, str], AnswerCounts]:
    """Return how many answers each player gave in each mode that would count; for all, or some."""
    totals: dict[tuple[int, str], AnswerCounts] = defaultdict(AnswerCounts)
    judged = JudgementRow.practice.is_(False) & JudgementRow.asked.is_(True)
    is_current = JudgementRow.question_version == CURRENT_QUESTION
    kept: dict[str, tuple[Any, Any, Any]] = {
        "guesses": (GuessRow.player_id, GuessRow.mode, GuessRow.repeated.is_(False) & DRAWN_ALIKE),
        "bets": (BetRow.player_id, literal(Mode.BET.value), BetRow.repeated.is_(False)),
        "judgements": (JudgementRow.player_id, literal(Mode.DUEL.value), judged & is_current),
        "first_question": (JudgementRow.player_id, literal(Mode.DUEL.value), judged & ~is_current),
    }
    for kind, (player_id, mode, counts) in kept.items():
        keys = (player_id,) if kind != "guesses" else (player_id, mode)
        settled = is_settled() if kind == "guesses" else true()
        query = (
            select(player_id, mode, func.count())
            .join(RoundRow, RoundRow.id == player_id.class_.round_id)
            .where(counts, settled, RoundRow.counts.is_(True))
            .group_by(*keys)
        )
        if players is not None:
            query = query.where(player_id.in_(players))
        for player, mode_name, n in session.execute(query):
            key = player, mode_name
            totals[key] = replace(totals[key], **{kind: n})
    return totals


def count_repeated(session: Session) -> int:
    """Count the guesses on passages that their player had before."""
    query = select(func.count()).select_from(GuessRow).where(GuessRow.repeated.is_(True))
    return session.scalars(query).one()


def paired_counts(n: int, both: int, person: int, model: int) -> PairedCounts:
    """Return the four cells, from how many there are and how often both, or either, were right."""
    return PairedCounts(both, person - both, model - both, n - person - model + both)


def first_guesses(session: Session, excluded: Excluded) -> Sequence[FirstGuess]:
    """Return all first guesses that count, with both sides' marks and where they were made."""
    query = (
        select(
            *(GuessRow.player_id, GuessRow.model_id, GuessRow.unit, GuessRow.mode),
            *(GuessRow.assisted, GuessRow.skipped, GuessRow.is_right, GuessRow.model_is_right),
            *(GuessRow.target, GuessRow.target_loss_nats, GuessRow.entropy_nats),
            GuessRow.answered_on,
            *(RoundRow.scored_passage_id, GuessRow.position, PassageRow.genre),
        )
        .join(RoundRow, RoundRow.id == GuessRow.round_id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .join(PassageRow, PassageRow.id == ScoredPassageRow.passage_id)
        .where(*FIRST_SIGHT, RoundRow.counts.is_(True), is_settled())
        .where(tuple_(GuessRow.player_id, GuessRow.mode).not_in(list(excluded)))
    )
    return typed("Sequence[FirstGuess]", session.execute(query).all())


def guesses_of(session: Session, players: Collection[int]) -> Sequence[MarkedGuess]:
    """Return all guesses of some players with both sides' marks and the passage's genre."""
    query = (
        select(
            *(GuessRow.player_id, GuessRow.model_id, GuessRow.mode, GuessRow.unit),
            *(GuessRow.assisted, GuessRow.repeated, GuessRow.attempt, GuessRow.skipped),
            *(GuessRow.is_right, GuessRow.model_is_right, GuessRow.target_loss_nats),
            *(GuessRow.entropy_nats, GuessRow.answered_on, PassageRow.genre, GuessRow.target),
            *(RoundRow.scored_passage_id, GuessRow.position, GuessRow.draw_kind),
            *(RoundRow.counts, is_settled().label("settled")),
        )
        .join(RoundRow, RoundRow.id == GuessRow.round_id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .join(PassageRow, PassageRow.id == ScoredPassageRow.passage_id)
        .where(GuessRow.player_id.in_(players))
    )
    return typed("Sequence[MarkedGuess]", session.execute(query).all())


def rounds_of_players(
    session: Session, players: Collection[int]
) -> Sequence[tuple[int, date, int]]:
    """Return how many rounds each player began on each day."""
    keys = (RoundRow.player_id, RoundRow.started_on)
    query = select(*keys, func.count()).where(RoundRow.player_id.in_(players)).group_by(*keys)
    return [(player, day, rounds) for player, day, rounds in session.execute(query)]


def is_settled() -> ColumnElement[bool]:
    """Tell whether a guess's position is settled: by the bet that follows, or by the last try.

    What is told of others may give the target away while it is still asked.
    """
    last = aliased(GuessRow)
    bet = exists().where(BetRow.round_id == GuessRow.round_id, BetRow.position == GuessRow.position)
    closed = exists().where(
        last.round_id == GuessRow.round_id,
        last.position == GuessRow.position,
        last.is_right | last.skipped | (last.attempt == MOST_TRIES),
    )
    return case((GuessRow.mode == Mode.BET, bet), (GuessRow.mode == Mode.TRIES, closed), else_=True)


def monday_of(day: date) -> date:
    """Return the first day of a day's week."""
    return day - timedelta(days=day.weekday())


def _number(column: Any) -> ColumnElement[int]:
    return cast(column, Integer)


def _sum(column: Any) -> ColumnElement[int]:
    return func.coalesce(func.sum(column), 0)


# How many guesses, and how often both, the person, and the model were right.
PAIRED_SUMS = (
    func.count(),
    _sum(_number(GuessRow.is_right) * _number(GuessRow.model_is_right)),
    _sum(_number(GuessRow.is_right)),
    _sum(_number(GuessRow.model_is_right)),
)
# Positions that were not drawn uniformly, as the daily's, would bias whatever they count in.
DRAWN_ALIKE = GuessRow.draw_kind == Draw.UNIFORM
# At a position only the first try counts, on a passage only the first round; and no skip of the
# guess before a bet, which gives nothing up (see `counts_for_accuracy`).
FIRST_SIGHT_OF_ANY_DRAW = (
    GuessRow.repeated.is_(False),
    GuessRow.attempt == 1,
    ~((GuessRow.mode == Mode.BET) & GuessRow.skipped),
)
FIRST_SIGHT = (*FIRST_SIGHT_OF_ANY_DRAW, DRAWN_ALIKE)
