"""Figures with their intervals, for one side and for both."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, computed_field

from server.domain.estimators.accuracy import Interval


class IntervalView(BaseModel):
    """A value with its 95 % interval, from n observations."""

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, interval: Interval) -> Self:
        """Return the view of a domain interval."""
        return cls(value=interval.value, low=interval.low, high=interval.high, n=interval.n)


class SideView(BaseModel):
    """One side's accuracy."""

    accuracy: IntervalView


class ModelSideView(SideView):
    """The model's accuracy, and its loss on the asked targets."""

    bits_per_word: float = Field(
        description="The older name of bits_per_target; in `tokens` it is by token, not by word"
    )
    perplexity: float

    @computed_field(  # type: ignore[prop-decorator]  # as pydantic documents it
        description="Mean loss for each target, a word or a token by the round's unit"
    )
    @property
    def bits_per_target(self) -> float:
        """The mean loss on the asked targets."""
        return self.bits_per_word


class ComparisonView(BaseModel):
    """Person minus model on the same positions."""

    difference: IntervalView
    p_value: float
    answers_to_settle: int | None = Field(
        description="About how many more answers would settle it; 0 is settled, null is a tie"
    )


class LossesView(BaseModel):
    """Mean losses or pay in bits on the same positions; the difference is person minus model."""

    you: IntervalView
    model: IntervalView
    difference: IntervalView
    answers_to_settle: int | None
