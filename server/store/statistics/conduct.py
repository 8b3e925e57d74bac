"""How players played: what decides whose answers count."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Subquery,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from server.domain.play.conduct import LEAST_MEDIAN_MS, Conduct, Exclusion, exclusion
from server.domain.play.rounds import Mode
from server.store.tables import BetRow, GuessRow, JudgementRow, PlayerRow

Answers = Select[int, int, int, int]  # player, first guess, skip, fast


def excluded_players(session: Session) -> dict[int, Exclusion]:
    """Return the players whose answers are left out, each with the reason."""
    found = reasons_to_exclude(session)
    return {player_id: reason for player_id, reason in found.items() if reason}


def reasons_to_exclude(
    session: Session, players: Collection[int] | None = None
) -> dict[int, Exclusion | None]:
    """Return why each player is left out, None for one who counts; all, or those of `players`."""
    answers = union_all(*(_of(query, players) for query in (_guesses(), _bets(), _judgements())))
    return _excluded(session, answers.subquery(), players)


def _of(query: Answers, players: Collection[int] | None) -> Answers:
    column = query.selected_columns[0]
    return query if players is None else query.where(column.in_(players))


def _excluded(
    session: Session, answers: Subquery, players: Collection[int] | None
) -> dict[int, Exclusion | None]:
    query = (
        select(
            PlayerRow.id,
            PlayerRow.flagged,
            func.sum(answers.c.guess),
            func.sum(answers.c.skip),
            func.count(answers.c.fast),
            func.sum(answers.c.fast),
        )
        .outerjoin(answers, answers.c.player_id == PlayerRow.id)
        .group_by(PlayerRow.id, PlayerRow.flagged)
    )
    if players is not None:
        query = query.where(PlayerRow.id.in_(players))
    return {
        player_id: exclusion(Conduct(flagged, guesses or 0, skipped or 0, count, fast or 0))
        for player_id, flagged, guesses, skipped, count, fast in session.execute(query)
    }


def _fast(elapsed_ms: ColumnElement[int]) -> ColumnElement[int]:
    return case((elapsed_ms < LEAST_MEDIAN_MS, 1), else_=0)


def _guesses() -> Answers:
    """In a round of bets a skip gives nothing up: the bet follows."""
    gives_up = case((GuessRow.mode == Mode.BET, 0), (GuessRow.attempt > 1, 0), else_=1)
    return select(
        GuessRow.player_id.label("player_id"),
        gives_up.label("guess"),
        (gives_up * cast(GuessRow.skipped, Integer)).label("skip"),
        _fast(GuessRow.elapsed_ms.expression).label("fast"),
    ).where(GuessRow.repeated.is_(False))


def _bets() -> Answers:
    return select(
        BetRow.player_id.label("player_id"),
        literal(0).label("guess"),
        literal(0).label("skip"),
        _fast(BetRow.elapsed_ms.expression).label("fast"),
    ).where(BetRow.repeated.is_(False))


def _judgements() -> Answers:
    return select(
        JudgementRow.player_id.label("player_id"),
        literal(0).label("guess"),
        literal(0).label("skip"),
        _fast(JudgementRow.elapsed_ms.expression).label("fast"),
    ).where(JudgementRow.practice.is_(False), JudgementRow.asked.is_(True))
