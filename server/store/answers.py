"""Storing answers, each with where its round stands after it and its player's mark.

All of it is written past the session, whose bookkeeping costs more than all else that an answer
takes, by statements that are put together once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from server.store.statistics.rollup_tables import PlayerMarkRow
from server.store.statistics.rollups import mark_player
from server.store.tables import BetRow, GuessRow, JudgementRow, RoundRow

AnswerRow = GuessRow | BetRow | JudgementRow
_LISTS: dict[type[AnswerRow], str] = {
    GuessRow: "guesses",
    BetRow: "bets",
    JudgementRow: "judgements",
}


@dataclass(frozen=True)
class Progress:
    """Where a round stands after an answer: the columns that each answer changes."""

    asked_at: datetime
    finished_at: datetime | None
    counts: bool
    counts_from: datetime | None
    right_answers: int
    model_right_answers: int
    points_bits: float
    model_points_bits: float


_COLUMNS = {kind: [c.key for c in kind.__table__.columns if c.key != "id"] for kind in _LISTS}
_VALUES = {kind: attrgetter(*columns) for kind, columns in _COLUMNS.items()}
_NAMES = {kind: [f"answer_{name}" for name in columns] for kind, columns in _COLUMNS.items()}
_INSERTS = {
    kind: insert(cast("Table", kind.__table__))
    .inline()
    .values({name: bindparam(f"answer_{name}") for name in columns})
    for kind, columns in _COLUMNS.items()
}
_MOVE_ON = (
    update(cast("Table", RoundRow.__table__))
    .where(RoundRow.id == bindparam("moved_round"))
    .values({field.name: bindparam(f"new_{field.name}") for field in fields(Progress)})
)
_MARK = insert(cast("Table", PlayerMarkRow.__table__)).values(player_id=bindparam("marked_player"))
# PostgreSQL takes all three as one statement; SQLite, where none is a message, does not.
_TOGETHER = {
    kind: statement.add_cte(_MOVE_ON.cte("moved"), _MARK.cte("marked"))
    for kind, statement in _INSERTS.items()
}


def show_with(row: RoundRow, answer: AnswerRow) -> None:
    """Add an answer to the round's answers in memory; `store_answers` stores it."""
    answer.round_id = row.id
    name = _LISTS[type(answer)]
    set_committed_value(row, name, [*getattr(row, name), answer])


def store_answers(
    session: Session, row: RoundRow, answers: Sequence[AnswerRow], progress: Progress
) -> None:
    """Store one or more answers to a round, where it stands after them, and its player's mark."""
    connection, (first, *others) = session.connection(), answers
    moved = {"moved_round": row.id} | {f"new_{name}": v for name, v in vars(progress).items()}
    if connection.dialect.name == "postgresql":
        marked = {"marked_player": row.player_id}
        connection.execute(_TOGETHER[type(first)], _named(first) | moved | marked)
    else:
        connection.execute(_INSERTS[type(first)], _named(first))
        connection.execute(_MOVE_ON, moved)
        mark_player(session, row.player_id)
    for answer in others:
        connection.execute(_INSERTS[type(answer)], _named(answer))
    for name, value in vars(progress).items():
        set_committed_value(row, name, value)


def _named(answer: AnswerRow) -> dict[str, Any]:
    kind = type(answer)
    return dict(zip(_NAMES[kind], _VALUES[kind](answer), strict=True))
