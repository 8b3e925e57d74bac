"""The tables of rollups: who changed, what each contributed, and the sums of it all.

No foreign key leads from here to play: what a deleted player contributed is known until it has been
taken back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.store.tables import Base


class StatisticsRow(Base):
    """The public statistics as last counted; one row, number 1, which the migration adds."""

    __tablename__ = "statistics"

    id: Mapped[int] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]  # when the newest count began, which may still be under way
    document: Mapped[str | None]  # JSON; None until the first count is done


class PlayerMarkRow(Base):
    """A player about whom something changed; written in the transaction that changes it.

    A row for each change, never one that waits for another: a change that is committed late brings
    its own mark with it.
    """

    __tablename__ = "player_marks"

    id: Mapped[int] = mapped_column(primary_key=True)
    player_id: Mapped[int] = mapped_column(index=True)


class PlayerSumsRow(Base):
    """What one player has contributed to the sums."""

    __tablename__ = "player_sums"

    player_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    counts: Mapped[bool]  # whether the judgements count in the public statistics
    # Where this player's judgements count: [scored passage, unit, form, their digest].
    judged: Mapped[list[list[Any]]] = mapped_column(JSON)
    sums: Mapped[list[Any]] = mapped_column(JSON)  # [key, numbers]


class PlayerTallyRow(Base):
    """One player's guesses against one model in one unit, by how hard they were (see `Tally`).

    They are among what the player has contributed; here all players' are read without the rest.
    """

    __tablename__ = "player_tallies"
    __table_args__ = (Index("ix_player_tallies_words", "model_id", "unit", "words"),)

    player_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    model_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit: Mapped[str] = mapped_column(String(16), primary_key=True)
    words: Mapped[int]  # how many guesses
    passage_squares: Mapped[int]
    right_by_grade: Mapped[list[int]] = mapped_column(JSON)
    guesses_by_grade: Mapped[list[int]] = mapped_column(JSON)


class DuelSumsRow(Base):
    """What all judgements of one scored passage's duels have contributed to the sums."""

    __tablename__ = "duel_sums"

    scored_passage_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit: Mapped[str] = mapped_column(String(16), primary_key=True)
    form: Mapped[str] = mapped_column(String(16), primary_key=True)
    changed: Mapped[bool] = mapped_column(index=True)  # to be summed up again
    sums: Mapped[list[Any]] = mapped_column(JSON)  # [key, numbers]


class ClusterSumsRow(Base):
    """The numbers of one cluster: of one player, position or passage."""

    __tablename__ = "cluster_sums"

    key: Mapped[str] = mapped_column(primary_key=True)
    numbers: Mapped[list[int]] = mapped_column(JSON)


class SumsRow(Base):
    """One of the sums that the statistics are made from."""

    __tablename__ = "statistics_sums"

    key: Mapped[str] = mapped_column(primary_key=True)
    numbers: Mapped[list[int]] = mapped_column(JSON)
