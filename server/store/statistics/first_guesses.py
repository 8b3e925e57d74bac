"""First guesses that count, person and model on the same positions, added up by the database."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, case, cast, func, select
from sqlalchemy.orm import Session

from server.domain.estimators.accuracy import PairedCounts
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


def by_mode(session: Session, excluded: Collection[int]) -> list[PairedGroup]:
    """Add up by mode and assistance; keys are (mode, assisted)."""
    keys = (GuessRow.mode, GuessRow.assisted)
    return _groups(session, select(), keys, excluded)


def in_all(session: Session, excluded: Collection[int]) -> list[PairedGroup]:
    """Add up all unassisted first guesses, in whatever mode; keys are ()."""
    return _groups(session, select().where(GuessRow.assisted.is_(False)), (), excluded)


def by_genre(session: Session, excluded: Collection[int]) -> list[PairedGroup]:
    """Add up unassisted first guesses by genre; keys are (genre,)."""
    query = (
        select()
        .join(RoundRow, RoundRow.id == GuessRow.round_id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .join(PassageRow, PassageRow.id == ScoredPassageRow.passage_id)
        .where(GuessRow.assisted.is_(False))
    )
    return _groups(session, query, (PassageRow.genre,), excluded)


def by_entropy(session: Session, excluded: Collection[int]) -> list[PairedGroup]:
    """Add up unassisted first guesses by the model's entropy; keys are (number of the bin,)."""
    bits = GuessRow.entropy_nats / math.log(2)
    bins = [(bits < edge, number) for number, edge in enumerate(ENTROPY_EDGES_BITS)]
    bin_number = case(*bins, else_=len(ENTROPY_EDGES_BITS))
    return _groups(session, select().where(GuessRow.assisted.is_(False)), (bin_number,), excluded)


def by_day(session: Session, excluded: Collection[int]) -> list[PairedGroup]:
    """Add up unassisted first guesses by UTC day; keys are (day,)."""
    query = select().where(GuessRow.assisted.is_(False))
    return _groups(session, query, (GuessRow.answered_on,), excluded)


def _groups(
    session: Session, query: Select[Any], keys: tuple[Any, ...], excluded: Collection[int]
) -> list[PairedGroup]:
    named = [key.label(f"key_{number}") for number, key in enumerate(keys)]
    group_by = (GuessRow.model_id, GuessRow.unit, *named)
    query = (
        query.add_columns(
            *group_by,
            *PAIRED_SUMS,
            func.count(GuessRow.player_id.distinct()),
            func.sum(_number(GuessRow.skipped)),
            func.avg(GuessRow.target_loss_nats),
        )
        .select_from(GuessRow)
        .where(*FIRST_SIGHT, GuessRow.player_id.not_in(list(excluded)))
        .group_by(*group_by)
        .order_by(*group_by)
    )
    return [_group(tuple(row)) for row in session.execute(query)]


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


def _group(row: tuple[Any, ...]) -> PairedGroup:
    model_id, unit, *key, n, both, person, model, players, skipped, loss = row
    counts = paired_counts(n, both, person, model)
    return PairedGroup(model_id, unit, tuple(key), counts, players, skipped, float(loss))
