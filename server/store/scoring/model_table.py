"""The table of language models."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.store.base import Base


class LanguageModelRow(Base):
    """A model that has scored passages, with its vocabulary (a compressed blob)."""

    __tablename__ = "language_models"
    __table_args__ = (UniqueConstraint("name", "revision", "tokenizer_fingerprint"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    revision: Mapped[str] = mapped_column(String(64))
    tokenizer_fingerprint: Mapped[str] = mapped_column(String(64))
    parameters: Mapped[int] = mapped_column(BigInteger)
    window_tokens: Mapped[int]
    # The token that stood before every text; empty where models were scored before it was recorded.
    beginning: Mapped[str] = mapped_column(String(200), server_default="")
    # How many different answers there are in each unit, known without inflating the vocabulary.
    vocabulary_size: Mapped[int]
    word_answers: Mapped[int]
    vocabulary: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime]
