"""How players played: what decides whose answers count."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Integer, Select, case, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from server.domain.exclusion import LEAST_MEDIAN_MS, Conduct, Exclusion, exclusion
from server.domain.rounds import Mode
from server.store.tables import BetRow, GuessRow, JudgementRow, PlayerRow


def excluded_players(session: Session) -> dict[int, Exclusion]:
    """Return the players whose answers are left out, each with the reason."""
    answers = union_all(_guesses(), _bets(), _judgements()).subquery()
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
    found: dict[int, Exclusion] = {}
    for player_id, flagged, guesses, skipped, count, fast in session.execute(query):
        conduct = Conduct(flagged, guesses or 0, skipped or 0, count, fast or 0)
        if reason := exclusion(conduct):
            found[player_id] = reason
    return found


def _fast(elapsed_ms: ColumnElement[int]) -> ColumnElement[int]:
    return case((elapsed_ms < LEAST_MEDIAN_MS, 1), else_=0)


def _guesses() -> Select[int, int, int, int]:
    """In a round of bets a skip gives nothing up: the bet follows."""
    gives_up = case((GuessRow.mode == Mode.BET, 0), (GuessRow.attempt > 1, 0), else_=1)
    return select(
        GuessRow.player_id.label("player_id"),
        gives_up.label("guess"),
        (gives_up * cast(GuessRow.skipped, Integer)).label("skip"),
        _fast(GuessRow.elapsed_ms.expression).label("fast"),
    ).where(GuessRow.repeated.is_(False))


def _bets() -> Select[int, int, int, int]:
    return select(
        BetRow.player_id.label("player_id"),
        literal(0).label("guess"),
        literal(0).label("skip"),
        _fast(BetRow.elapsed_ms.expression).label("fast"),
    ).where(BetRow.repeated.is_(False))


def _judgements() -> Select[int, int, int, int]:
    return select(
        JudgementRow.player_id.label("player_id"),
        literal(0).label("guess"),
        literal(0).label("skip"),
        _fast(JudgementRow.elapsed_ms.expression).label("fast"),
    ).where(JudgementRow.practice.is_(False), JudgementRow.asked.is_(True))
