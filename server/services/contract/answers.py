"""What is shown of a settled position."""

from __future__ import annotations

from pydantic import BaseModel, Field


class CandidateView(BaseModel):
    """One of the model's most probable tokens; in words all cases of a word together."""

    token: str
    probability: float
    is_target: bool = False
    is_guess: bool = False


class PointsView(BaseModel):
    """What right answers are worth: the opponent's surprise at their targets, in bits."""

    you: float
    model: float


class StakeView(BaseModel):
    """One option of a settled bet, with both sides' shares."""

    token: str
    share: float
    model_probability: float
    is_target: bool


class BetView(BaseModel):
    """A settled bet: both sides' shares and what they cost."""

    stakes: list[StakeView]
    other: float
    model_other: float
    loss_bits: float
    model_loss_bits: float


class JudgementView(BaseModel):
    """A settled duel. Shares are of the author's token, between 0 and 1.

    Pay is w·(1 + log2 of the share), with w = 2·q(x*)/(q(x*) + q(y)), where q is how likely the
    author's token x* and the rival y are to be drawn as rivals. Whoever finds the tokens as likely
    as h says can expect the highest pay from the share h(x*)/(h(x*) + h(y)).
    """

    position: int
    target: str
    rival: str
    share: float
    right: bool = Field(description="The player gave the author's token more than half")
    model_share: float
    drawn_share: float = Field(
        description="How likely the author's token was to be drawn, of the two"
    )
    model_right: bool
    loss_bits: float
    model_loss_bits: float
    question_version: int = Field(
        description="2: how well does each fit? 1: which did the author write? (no longer asked)"
    )
    weight: float = Field(description="w, between 0 and 2; 1 under question 1")
    pay_bits: float = Field(description="What the share earned; even shares earn nothing")
    model_pay_bits: float


class AnswerView(BaseModel):
    """A settled position, with both sides' marks. Probabilities follow the unit's rule."""

    position: int
    guess: str | None
    skipped: bool
    target: str
    right: bool
    model_guess: str
    model_right: bool
    target_probability: float
    target_rank: int
    target_loss_bits: float
    guess_probability: float | None
    guess_rank: int | None
    guess_is_token: bool = Field(
        description="False where the guess is not a single token of the model"
    )
    guess_probability_below: float | None = Field(
        description="An upper bound, where the guess is beyond the model's stored candidates"
    )
    points: PointsView = Field(description="0 for a side that was wrong")
    candidates: list[CandidateView] = Field(
        description="In words, whole words alone: tokens that mostly begin longer ones are left out"
    )
    beginnings: float = Field(0.0, description="What those tokens have together, as far as known")
    tries: list[str] = Field(default=[], description="In mode tries, all that was tried, in order")
    bet: BetView | None = None
