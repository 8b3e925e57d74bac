"""How players played: what decides whose answers count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection

from sqlalchemy import ColumnElement, Integer, Select, case, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from server.domain.play.conduct import (
    LEAST_MEDIAN_MS,
    Conduct,
    Pace,
    Verdict,
    is_monotonous,
    verdict,
)
from server.domain.play.rounds import Mode
from server.domain.text.tokens import Unit, folded
from server.store.tables import BetRow, GuessRow, JudgementRow, PlayerRow

Answers = Select[int, str, int, int, int]  # player, mode, first guess, skip, fast


def excluded_players(session: Session) -> dict[int, Verdict]:
    """Return the players some of whose answers are left out, each with the verdict."""
    everyone = verdicts(session).items()
    return {player_id: outcome for player_id, outcome in everyone if outcome.reason}


def verdicts(session: Session, players: Collection[int] | None = None) -> dict[int, Verdict]:
    """Return the verdict on each player's answers; of all players, or of `players`."""
    flags = select(PlayerRow.id, PlayerRow.flagged)
    if players is not None:
        flags = flags.where(PlayerRow.id.in_(players))
    modes: dict[int, list[tuple[str, int, int, int, int]]] = defaultdict(list)
    for player_id, mode, guesses, skipped, answers, fast in _by_mode(session, players):
        modes[player_id].append((mode, guesses, skipped, answers, fast))
    marks = _marks(session, players)
    return {
        player_id: verdict(_conduct(flagged, modes[player_id], *marks.get(player_id, (0, 0))))
        for player_id, flagged in session.execute(flags)
    }


def monotonous_texts(session: Session) -> set[tuple[int, str, str]]:
    """Return the texts that are most of what their player typed, as (player, mode, text folded)."""
    query = (
        select(GuessRow.player_id, GuessRow.mode, GuessRow.text, func.count())
        .where(GuessRow.attempt == 1, GuessRow.skipped.is_(False), GuessRow.assisted.is_(False))
        .group_by(GuessRow.player_id, GuessRow.mode, GuessRow.text)
    )
    same: Counter[tuple[int, str, str]] = Counter()
    typed: Counter[tuple[int, str]] = Counter()
    for player_id, mode, text, count in session.execute(query):
        same[player_id, mode, folded(text or "")] += count
        typed[player_id, mode] += count
    return {key for key, count in same.items() if is_monotonous(count, typed[key[:2]])}


def _marks(session: Session, players: Collection[int] | None) -> dict[int, tuple[int, int]]:
    """Return how many words each player typed unassisted at first sight, and how many right."""
    query = (
        select(GuessRow.player_id, func.count(), func.sum(cast(GuessRow.is_right, Integer)))
        .where(GuessRow.mode == Mode.GUESS, GuessRow.unit == Unit.WORDS)
        .where(GuessRow.assisted.is_(False), GuessRow.repeated.is_(False))
        .where(GuessRow.skipped.is_(False))
        .group_by(GuessRow.player_id)
    )
    if players is not None:
        query = query.where(GuessRow.player_id.in_(players))
    return {player_id: (typed, right) for player_id, typed, right in session.execute(query)}


def _conduct(
    flagged: bool, modes: list[tuple[str, int, int, int, int]], typed: int, right: int
) -> Conduct:
    return Conduct(
        typed=typed,
        right=right,
        flagged=flagged,
        guesses=sum(guesses for _, guesses, *_ in modes),
        skipped=sum(skipped for _, _, skipped, *_ in modes),
        paces={mode: Pace(answers, fast) for mode, _, _, answers, fast in modes},
    )


def _by_mode(
    session: Session, players: Collection[int] | None
) -> list[tuple[int, str, int, int, int, int]]:
    """Return player, mode, first guesses, skips, answers and fast ones."""
    selects = (_only(query, players) for query in (_guesses(), _bets(), _judgements()))
    answers = union_all(*selects).subquery()
    columns = answers.c
    query = select(
        columns.player_id,
        columns.mode,
        func.sum(columns.guess),
        func.sum(columns.skip),
        func.count(columns.fast),
        func.sum(columns.fast),
    ).group_by(columns.player_id, columns.mode)
    return [tuple(row) for row in session.execute(query)]


def _only(query: Answers, players: Collection[int] | None) -> Answers:
    column = query.selected_columns[0]
    return query if players is None else query.where(column.in_(players))


def _fast(elapsed_ms: ColumnElement[int]) -> ColumnElement[int]:
    return case((elapsed_ms < LEAST_MEDIAN_MS, 1), else_=0)


def _guesses() -> Answers:
    """Select guesses; in a round of bets a skip gives nothing up, since the bet follows."""
    gives_up = case((GuessRow.mode == Mode.BET, 0), (GuessRow.attempt > 1, 0), else_=1)
    return select(
        GuessRow.player_id.label("player_id"),
        GuessRow.mode.label("mode"),
        gives_up.label("guess"),
        (gives_up * cast(GuessRow.skipped, Integer)).label("skip"),
        _fast(GuessRow.elapsed_ms.expression).label("fast"),
    ).where(GuessRow.repeated.is_(False))


def _bets() -> Answers:
    return select(
        BetRow.player_id.label("player_id"),
        literal(Mode.BET.value).label("mode"),
        literal(0).label("guess"),
        literal(0).label("skip"),
        _fast(BetRow.elapsed_ms.expression).label("fast"),
    ).where(BetRow.repeated.is_(False))


def _judgements() -> Answers:
    return select(
        JudgementRow.player_id.label("player_id"),
        literal(Mode.DUEL.value).label("mode"),
        literal(0).label("guess"),
        literal(0).label("skip"),
        _fast(JudgementRow.elapsed_ms.expression).label("fast"),
    ).where(JudgementRow.practice.is_(False), JudgementRow.asked.is_(True))
