"""A player's own text, seen through the model's eyes."""

from __future__ import annotations

from pydantic import BaseModel, Field

from server.services.contract.answers import CandidateView
from server.services.contract.opponents import ModelView


class ScoredTokenView(BaseModel):
    """One token of a player's own text (tokens that share a character are shown as one)."""

    text: str
    pieces: int = Field(description="How many tokens it is; more than one share a character")
    loss_bits: float
    probability: float = Field(description="What the model gave it, among all tokens")
    rank: int | None = Field(description="1 is the model's first choice; null for several pieces")
    candidates: list[CandidateView] = Field(
        description="The model's most probable tokens there; empty for several pieces"
    )


class TextTotalsView(BaseModel):
    """What a whole text cost the model; perplexity is by token."""

    tokens: int
    words: int = Field(description="Separated by white space")
    characters: int
    bits: float
    bits_per_token: float
    bits_per_word: float
    bits_per_character: float
    perplexity: float


class ScoredTextView(BaseModel):
    """A player's own text, scored and not stored."""

    model: ModelView
    text: str = Field(description="As it was scored: without outer white space")
    tokens: list[ScoredTokenView]
    totals: TextTotalsView
    words_to_ask: int = Field(description="How many positions a round on this text would ask")
    why_no_round: str | None = Field(description="Why no round can be played on it, if so")
