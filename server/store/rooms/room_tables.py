"""The tables of rooms: their state, who plays in them, and every answer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.domain.text.tokens import Unit
from server.store.base import Base
from server.store.tables import LanguageModelRow, PassageRow, PlayerRow, ScoredPassageRow


class RoomRow(Base):
    """A group that plays the same words at the same time; the host's key is kept as a digest."""

    __tablename__ = "rooms"
    __table_args__ = (Index("ix_rooms_closed_closes_at", "closed", "closes_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(6), unique=True)
    key_digest: Mapped[str] = mapped_column(String(64))
    # None once a text of the host's own is deleted.
    passage_id: Mapped[int | None] = mapped_column(
        ForeignKey("passages.id", ondelete="SET NULL"), index=True
    )
    scored_passage_id: Mapped[int | None] = mapped_column(
        ForeignKey("scored_passages.id", ondelete="SET NULL"), index=True
    )
    model_id: Mapped[int] = mapped_column(ForeignKey("language_models.id"))
    own_text: Mapped[bool]
    words: Mapped[int]
    seconds: Mapped[int | None]
    phase: Mapped[str] = mapped_column(String(16))
    word: Mapped[int]
    asked_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    version: Mapped[int]  # rises with every change but answers: what pages ask by
    answers: Mapped[int]  # how many were taken: what the host's page asks by, too
    created_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    closed: Mapped[bool]  # its day is over, and its own text is gone

    passage: Mapped[PassageRow | None] = relationship()
    scored_passage: Mapped[ScoredPassageRow | None] = relationship()
    model: Mapped[LanguageModelRow] = relationship()

    @property
    def unit(self) -> str:
        """What a room asks: words."""
        return Unit.WORDS.value


class RoomPlayerRow(Base):
    """A player in a room; `name` is their own, which they agreed to show, `made_up` another."""

    __tablename__ = "room_players"
    __table_args__ = (
        UniqueConstraint("room_id", "player_id"),
        UniqueConstraint("room_id", "seat"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    player_id: Mapped[int] = mapped_column(ForeignKey("players.id", ondelete="CASCADE"), index=True)
    seat: Mapped[int]  # numbered from 1 in the order of joining
    from_word: Mapped[int]  # the first word that they could answer
    name: Mapped[str | None] = mapped_column(String(64))
    made_up: Mapped[str] = mapped_column(String(64))
    agreed: Mapped[bool]  # that others see the name
    hidden: Mapped[bool]  # by the host
    repeated: Mapped[bool]  # the player had seen the passage before
    joined_at: Mapped[datetime]

    player: Mapped[PlayerRow] = relationship()


class RoomAnswerRow(Base):
    """One answer in a room: the player's text and mark, the model's, and the model's loss."""

    __tablename__ = "room_answers"
    __table_args__ = (
        UniqueConstraint("room_player_id", "word"),
        Index("ix_room_answers_room_id_word", "room_id", "word"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    room_player_id: Mapped[int] = mapped_column(ForeignKey("room_players.id", ondelete="CASCADE"))
    word: Mapped[int]  # from 0
    position: Mapped[int]
    text: Mapped[str | None] = mapped_column(String(64))  # None is a skip
    is_right: Mapped[bool]
    guess_logprob_nats: Mapped[float | None]  # the model's, where the guess is among its candidates
    guess_rank: Mapped[int | None]
    target: Mapped[str]
    target_rank: Mapped[int]
    target_loss_nats: Mapped[float]
    entropy_nats: Mapped[float]
    model_guess: Mapped[str]
    model_is_right: Mapped[bool]
    elapsed_ms: Mapped[int]
    answered_at: Mapped[datetime]

    room_player: Mapped[RoomPlayerRow] = relationship()
