"""First guesses that count, person and model on the same positions, added up by the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, select
from sqlalchemy.orm import Session

from server.domain.estimators.accuracy import PairedCounts
from server.domain.estimators.arrays import FloatArray
from server.store.tables import (
    BetRow,
    GuessRow,
    JudgementRow,
    PassageRow,
    RoundRow,
    ScoredPassageRow,
)

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
    """How much there is that counts."""

    guesses: int
    bets: int
    judgements: int


def answers_by_player(
    session: Session, players: Collection[int] | None = None
) -> dict[int, AnswerCounts]:
    """Return how much each player gave that would count; of all players, or of some."""
    found: dict[int, AnswerCounts] = defaultdict(lambda: AnswerCounts(0, 0, 0))
    kept = {
        "guesses": (GuessRow.player_id, GuessRow.repeated.is_(False)),
        "bets": (BetRow.player_id, BetRow.repeated.is_(False)),
        "judgements": (
            JudgementRow.player_id,
            JudgementRow.practice.is_(False) & JudgementRow.asked.is_(True),
        ),
    }
    for kind, (player_id, counts) in kept.items():
        query = select(player_id, func.count()).where(counts).group_by(player_id)
        if players is not None:
            query = query.where(player_id.in_(players))
        for player, n in session.execute(query):
            found[player] = replace(found[player], **{kind: n})
    return found


def count_repeated(session: Session) -> int:
    """Count the guesses on passages that their player had before."""
    query = select(func.count()).select_from(GuessRow).where(GuessRow.repeated.is_(True))
    return session.scalars(query).one()


def paired_counts(n: int, both: int, person: int, model: int) -> PairedCounts:
    """Return the four cells, from how many there are and how often both, or either, were right."""
    return PairedCounts(both, person - both, model - both, n - person - model + both)


def first_guesses(session: Session, excluded: Collection[int]) -> Sequence[Any]:
    """Return all first guesses that count, with both sides' marks and where they were made."""
    query = (
        select(
            *(GuessRow.player_id, GuessRow.model_id, GuessRow.unit, GuessRow.mode),
            *(GuessRow.assisted, GuessRow.skipped, GuessRow.is_right, GuessRow.model_is_right),
            *(GuessRow.target_loss_nats, GuessRow.entropy_nats, GuessRow.answered_on),
            *(RoundRow.scored_passage_id, GuessRow.position, PassageRow.genre),
        )
        .join(RoundRow, RoundRow.id == GuessRow.round_id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .join(PassageRow, PassageRow.id == ScoredPassageRow.passage_id)
        .where(*FIRST_SIGHT, GuessRow.player_id.not_in(list(excluded)))
    )
    return session.execute(query).all()


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
# Of a position only the first try counts, of a passage only the first time.
FIRST_SIGHT = (GuessRow.repeated.is_(False), GuessRow.attempt == 1)
