"""Tables of what players do together."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.store.base import Base
from server.store.tables import PlayerRow, RoundRow


class DailyRow(Base):
    """The passage of one day, the same for everybody, and the model that plays against them."""

    __tablename__ = "dailies"
    __table_args__ = (Index("ix_dailies_scored_passage_id", "scored_passage_id", "day"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("language_models.id"))
    scored_passage_id: Mapped[int] = mapped_column(ForeignKey("scored_passages.id"))


class ChallengeRow(Base):
    """A finished round that its player sends to others by a code; gone with the round."""

    __tablename__ = "challenges"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # from then on the code leads nowhere
    ended_by_admin: Mapped[bool] = mapped_column(default=False)

    round: Mapped[RoundRow] = relationship(lazy="joined", innerjoin=True)


class ChallengeRoundRow(Base):
    """A round that somebody played because of a challenge."""

    __tablename__ = "challenge_rounds"

    challenge_id: Mapped[int] = mapped_column(
        ForeignKey("challenges.id", ondelete="CASCADE"), primary_key=True
    )
    round_id: Mapped[int] = mapped_column(
        ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class TransferRow(Base):
    """A code that joins another device to a player's history: kept as a hash, used once."""

    __tablename__ = "transfers"

    id: Mapped[int] = mapped_column(primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    player_id: Mapped[int] = mapped_column(ForeignKey("players.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]


class FormerPlayerRow(Base):
    """The public id of a player who was joined to another: a cookie may still hold it."""

    __tablename__ = "former_players"

    public_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    player_id: Mapped[int] = mapped_column(ForeignKey("players.id", ondelete="CASCADE"), index=True)

    player: Mapped[PlayerRow] = relationship()
