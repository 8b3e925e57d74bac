"""A finished round."""

from __future__ import annotations

from pydantic import BaseModel, Field

from server.services.contract.answers import CandidateView
from server.services.contract.figures import (
    ComparisonView,
    IntervalView,
    LossesView,
    ModelSideView,
    SideView,
)
from server.services.contract.rounds import RoundView


class TokenView(BaseModel):
    """One token of a finished passage (tokens that share a character are shown as one)."""

    text: str
    loss_bits: float = Field(description="At asked positions under the unit's rule")
    asked: bool
    right: bool | None
    model_right: bool | None


class WordView(BaseModel):
    """One box of a finished passage: a word, or a stretch that is none, such as a comma."""

    text: str = Field(description="With the space before it, if there is one")
    answer: int | None = Field(description="The index of the answer it is the target of")
    pieces: int = Field(description="How many of the model's tokens it is")
    loss_bits: float = Field(description="Of all its tokens; at asked positions by the unit's rule")
    surprising: bool = Field(description="Among the tenth that surprised the model most")
    probability: float
    rank: int | None = Field(description="1 is the model's first choice; null for several pieces")
    candidates: list[CandidateView] = Field(
        description="The model's most probable tokens there; empty for several pieces"
    )


class TriesView(BaseModel):
    """How many tries it took: shares solved at try 1 to 5, and Shannon's bounds in bits."""

    solved: list[float]
    model_solved: list[float] = Field(description="Had the model tried its own choices in order")
    unsolved: float
    lower_bits: IntervalView
    upper_bits: IntervalView


class BaselineSideView(BaseModel):
    """The unigram baseline on the same words: it says the most frequent word, always."""

    word: str
    right: int
    answered: int
    points: float = Field(
        description="The opponent's surprise in bits at the words that the baseline had right"
    )
    bits_per_word: float


class ResultView(BaseModel):
    """A finished round."""

    round: RoundView
    tokens: list[TokenView]
    words: list[WordView] = Field(description="The same passage, as boxes that a page can open")
    you: SideView
    model: ModelSideView
    comparison: ComparisonView
    baseline: BaselineSideView | None = Field(None, description="In `words`, but for duels")
    losses: LossesView | None = Field(None, description="In bets and duels")
    pay: LossesView | None = Field(
        None, description="In duels: mean pay a pair in bits, 0 for even shares; more is better"
    )
    tries: TriesView | None = Field(None, description="In mode tries")
