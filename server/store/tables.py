"""The tables. Rows of play carry the model's mark and loss, so statistics read one table."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.domain.play.rounds import Draw
from server.store.base import Base as Base  # tables are imported from this module
from server.store.scoring.model_table import LanguageModelRow as LanguageModelRow


class PassageRow(Base):
    """A passage; its content hash keeps duplicates out. With an owner it is a player's own text."""

    __tablename__ = "passages"

    id: Mapped[int] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey("players.id", ondelete="CASCADE"), index=True
    )
    text: Mapped[str]
    title: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(200))
    licence: Mapped[str] = mapped_column(String(200))
    genre: Mapped[str] = mapped_column(String(200))
    # The passage, too long for a model, that this is a part of.
    cut_from_id: Mapped[int | None] = mapped_column(ForeignKey("passages.id"))
    retired: Mapped[bool] = mapped_column(default=False)  # by the operator; never drawn again
    created_at: Mapped[datetime]


class ImportRow(Base):
    """How far an unfinished import has come: it is committed with the passages read so far."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)  # of source and filters
    position: Mapped[int] = mapped_column(BigInteger)  # where the source goes on
    tally: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_at: Mapped[datetime]


class PassageBandRow(Base):
    """One band of a passage's MinHash: near-duplicates have one in common."""

    __tablename__ = "passage_bands"

    band: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    passage_id: Mapped[int] = mapped_column(ForeignKey("passages.id"))


QUESTION_COUNTS = ("asked_words", "asked_tokens", "tail_words", "tail_tokens", "mixed_words")


def _playable(column: str) -> Index:
    """Index what a kind of round is drawn from: a place in it is found without a scan."""
    where = text(f"{column} > 0")
    name = f"ix_scored_passages_{column}"
    return Index(name, "model_id", "draw_number", sqlite_where=where, postgresql_where=where)


class ScoredPassageRow(Base):
    """All that one model says about one passage: a safetensors blob, and what rounds select by."""

    __tablename__ = "scored_passages"
    __table_args__ = (
        UniqueConstraint("passage_id", "model_id"),
        Index("ix_scored_passages_model_id_draw_number", "model_id", "draw_number"),
        *(_playable(column) for column in QUESTION_COUNTS),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    passage_id: Mapped[int] = mapped_column(ForeignKey("passages.id", ondelete="CASCADE"))
    model_id: Mapped[int] = mapped_column(ForeignKey("language_models.id"))
    # The place among those of this model that rounds are drawn from, dense from 1; None for what
    # is never drawn: a passage that was left out, or a player's own text.
    draw_number: Mapped[int | None]
    asked_words: Mapped[int]
    asked_tokens: Mapped[int]
    tail_words: Mapped[int]  # how many duels there are from the tail
    tail_tokens: Mapped[int]
    mixed_words: Mapped[int] = mapped_column(default=0)  # asked by the daily draw
    left_out: Mapped[str | None] = mapped_column(String(200))  # why there are no scores
    scores: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime]

    passage: Mapped[PassageRow] = relationship(lazy="joined", innerjoin=True)
    model: Mapped[LanguageModelRow] = relationship(lazy="joined", innerjoin=True)


_NAMED = text("nickname IS NOT NULL")


class PlayerRow(Base):
    """An anonymous player; the signed cookie holds the public id."""

    __tablename__ = "players"
    __table_args__ = (
        Index("ix_players_named", "id", sqlite_where=_NAMED, postgresql_where=_NAMED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    nickname: Mapped[str | None] = mapped_column(String(64))
    flagged: Mapped[bool] = mapped_column(default=False)  # by the operator; never counted
    hidden: Mapped[bool] = mapped_column(default=False)  # by the operator; the name is not shown
    # The flagging of a whole window of time that flagged this player, so that it can be undone.
    flagging_id: Mapped[int | None] = mapped_column(ForeignKey("flaggings.id"))
    unlinked_at: Mapped[datetime | None]  # since when no cookie leads here: idle for too long
    created_at: Mapped[datetime] = mapped_column(index=True)


class RoundRow(Base):
    """One player, one scored passage, one mode."""

    __tablename__ = "rounds"
    __table_args__ = (
        Index("ix_rounds_player_id_model_id_started_at", "player_id", "model_id", "started_at"),
        Index("ix_rounds_duels", "model_id", "mode", "unit", "form", "scored_passage_id"),
        Index("ix_rounds_player_id_scored_passage_id", "player_id", "scored_passage_id"),
        Index("ix_rounds_daily", "daily_on", "model_id", "unit", "id"),
        Index(
            "ix_rounds_unfinished",
            *("player_id", "scored_passage_id"),
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index(
            "ix_rounds_waiting",
            "counts_from",
            sqlite_where=text("counts_from IS NOT NULL"),
            postgresql_where=text("counts_from IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    player_id: Mapped[int] = mapped_column(ForeignKey("players.id", ondelete="CASCADE"))
    scored_passage_id: Mapped[int] = mapped_column(ForeignKey("scored_passages.id"), index=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("language_models.id"))
    mode: Mapped[str] = mapped_column(String(16))
    unit: Mapped[str] = mapped_column(String(16))
    assisted: Mapped[bool]
    repeated: Mapped[bool]  # the player had a round on this passage before
    practice: Mapped[bool]  # duels to learn the game by; never counted
    form: Mapped[str | None] = mapped_column(String(16))  # of a duel
    draw: Mapped[int | None]  # which of a question's rivals a duel shows
    seed: Mapped[str] = mapped_column(String(32))  # decides the sides of duels; never sent
    daily_on: Mapped[date | None]
    # How its positions were drawn, see `Draw`.
    draw_kind: Mapped[str] = mapped_column(String(16), default=Draw.UNIFORM)
    # What both sides have so far, so that lists of rounds need no look at answers.
    right_answers: Mapped[int] = mapped_column(default=0)
    model_right_answers: Mapped[int] = mapped_column(default=0)
    points_bits: Mapped[float] = mapped_column(default=0.0)
    model_points_bits: Mapped[float] = mapped_column(default=0.0)
    started_at: Mapped[datetime]
    started_on: Mapped[date] = mapped_column(index=True)
    asked_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    # Whether its answers count in the public statistics. Where they do not, they do from
    # `counts_from` on, or never: then its address had contributed its share of the day.
    counts: Mapped[bool] = mapped_column(default=True)
    counts_from: Mapped[datetime | None]

    player: Mapped[PlayerRow] = relationship()
    scored_passage: Mapped[ScoredPassageRow] = relationship(lazy="joined", innerjoin=True)
    guesses: Mapped[list[GuessRow]] = relationship(
        order_by="GuessRow.position, GuessRow.attempt",
        back_populates="round",
        passive_deletes=True,
    )
    bets: Mapped[list[BetRow]] = relationship(
        order_by="BetRow.position", back_populates="round", passive_deletes=True
    )
    judgements: Mapped[list[JudgementRow]] = relationship(
        order_by="JudgementRow.position", back_populates="round", passive_deletes=True
    )


class GuessRow(Base):
    """One answer: the player's text and mark, the model's, and the model's loss."""

    __tablename__ = "guesses"
    __table_args__ = (
        UniqueConstraint("round_id", "position", "attempt"),
        Index(
            "ix_guesses_statistics",
            *("model_id", "mode", "unit", "assisted", "repeated", "is_right", "model_is_right"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    player_id: Mapped[int] = mapped_column(ForeignKey("players.id", ondelete="CASCADE"), index=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("language_models.id"))
    mode: Mapped[str] = mapped_column(String(16))
    unit: Mapped[str] = mapped_column(String(16))
    assisted: Mapped[bool]
    repeated: Mapped[bool]
    draw_kind: Mapped[str] = mapped_column(String(16), default=Draw.UNIFORM)  # of its round
    position: Mapped[int]
    attempt: Mapped[int]
    text: Mapped[str | None] = mapped_column(String(64))
    skipped: Mapped[bool]
    is_right: Mapped[bool]
    target: Mapped[str]
    model_guess: Mapped[str]
    model_is_right: Mapped[bool]
    target_rank: Mapped[int]  # how many tries the model would have needed, see `Gap.tries_needed`
    target_loss_nats: Mapped[float]
    entropy_nats: Mapped[float]  # of the model at this position, over all tokens
    elapsed_ms: Mapped[int]
    answered_at: Mapped[datetime]
    answered_on: Mapped[date] = mapped_column(index=True)

    round: Mapped[RoundRow] = relationship(back_populates="guesses")


class BetRow(Base):
    """One bet: what was staked on what was offered, and both sides' losses for the target."""

    __tablename__ = "bets"
    __table_args__ = (UniqueConstraint("round_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    player_id: Mapped[int] = mapped_column(ForeignKey("players.id", ondelete="CASCADE"), index=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("language_models.id"), index=True)
    scored_passage_id: Mapped[int] = mapped_column(ForeignKey("scored_passages.id"))
    unit: Mapped[str] = mapped_column(String(16))
    repeated: Mapped[bool]
    position: Mapped[int]
    stakes: Mapped[list[list[Any]]] = mapped_column(JSON)  # [text, share, model's log-probability]
    other: Mapped[float]
    target: Mapped[str]
    target_option: Mapped[str | None]  # the option that was the target
    loss_nats: Mapped[float]
    target_logprob_nats: Mapped[float]
    elapsed_ms: Mapped[int]
    answered_at: Mapped[datetime]
    answered_on: Mapped[date] = mapped_column(index=True)

    round: Mapped[RoundRow] = relationship(back_populates="bets")


class JudgementRow(Base):
    """One judgement: how much a player gave the author's token against a rival."""

    __tablename__ = "judgements"
    __table_args__ = (UniqueConstraint("round_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    player_id: Mapped[int] = mapped_column(ForeignKey("players.id", ondelete="CASCADE"), index=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("language_models.id"), index=True)
    scored_passage_id: Mapped[int] = mapped_column(ForeignKey("scored_passages.id"), index=True)
    unit: Mapped[str] = mapped_column(String(16))
    form: Mapped[str] = mapped_column(String(16))
    question_version: Mapped[int]  # what it answers, see `Question`
    practice: Mapped[bool]
    asked: Mapped[bool]  # False where the rival drawn was the target itself, which counts as even
    position: Mapped[int]
    target: Mapped[str]
    rival: Mapped[str]
    target_share: Mapped[float]
    target_logprob_nats: Mapped[float]
    rival_logprob_nats: Mapped[float]
    # How likely each was to be drawn, as `Duel.drawn`; NULL where the model drew.
    target_drawn_logprob_nats: Mapped[float | None]
    rival_drawn_logprob_nats: Mapped[float | None]
    elapsed_ms: Mapped[int]
    answered_at: Mapped[datetime]
    answered_on: Mapped[date] = mapped_column(index=True)

    round: Mapped[RoundRow] = relationship(back_populates="judgements")
