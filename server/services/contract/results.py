"""A finished round."""

from __future__ import annotations

from pydantic import BaseModel, Field

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


class TriesView(BaseModel):
    """How many tries it took: shares solved at try 1 to 5, and Shannon's bounds in bits."""

    solved: list[float]
    model_solved: list[float] = Field(description="Had the model tried its own choices in order")
    unsolved: float
    lower_bits: IntervalView
    upper_bits: IntervalView


class ResultView(BaseModel):
    """A finished round."""

    round: RoundView
    tokens: list[TokenView]
    you: SideView
    model: ModelSideView
    comparison: ComparisonView
    losses: LossesView | None = Field(None, description="In bets and duels")
    pay: LossesView | None = Field(
        None, description="In duels: mean pay a pair in bits, 0 for even shares; more is better"
    )
    tries: TriesView | None = Field(None, description="In mode tries")
