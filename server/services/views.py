"""What the services answer: the JSON contract of the HTTP interface, and what pages are made of."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, Field

from server.domain.accuracy import Interval


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


class ModelView(BaseModel):
    """The opponent."""

    name: str
    revision: str
    parameters: int
    label: str = Field(description="Short name for pages, such as GPT-2")


class PassageView(BaseModel):
    """What a player may know of a passage before its end."""

    title: str
    genre: str
    source: str
    private: bool = Field(
        False,
        description="A text of the player's own: nobody else plays it, and it counts nowhere",
    )


class AskedView(BaseModel):
    """The position that waits for an answer."""

    position: int
    index: int = Field(description="How many positions of this round came before; from 0")
    of: int
    suggestions: list[str] | None


class CandidateView(BaseModel):
    """One of the model's most probable tokens."""

    token: str
    probability: float


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
        description="False where the guess is no single token of the model"
    )
    guess_probability_below: float | None = Field(
        description="An upper bound, where the guess is beyond the model's stored candidates"
    )
    candidates: list[CandidateView]


class SegmentView(BaseModel):
    """A stretch of the revealed text; `answer` is the index of the answer it is the target of."""

    text: str
    answer: int | None


class ScoreView(BaseModel):
    """The running score."""

    answered: int
    you: int
    model: int


class RoundView(BaseModel):
    """A round as its player may see it: nothing beyond the gap."""

    id: str
    mode: str
    unit: str
    assisted: bool
    repeated: bool = Field(description="The player had this passage before; it counts nowhere")
    daily: date | None
    finished: bool
    model: ModelView
    passage: PassageView
    text: str = Field(description="All that is revealed so far, up to the gap")
    segments: list[SegmentView] = Field(description="The same text, cut at the settled targets")
    asked: AskedView | None
    answers: list[AnswerView]
    score: ScoreView


class GuessOutcome(BaseModel):
    """The reveal, and the round as it stands then."""

    answer: AnswerView
    round: RoundView


class TokenView(BaseModel):
    """One token of a finished passage (tokens that share a character are shown as one)."""

    text: str
    loss_bits: float = Field(description="At asked positions under the unit's rule")
    asked: bool
    right: bool | None
    model_right: bool | None


class SideView(BaseModel):
    """One side's accuracy."""

    accuracy: IntervalView


class ModelSideView(SideView):
    """The model's accuracy, and its loss on the asked targets."""

    bits_per_word: float
    perplexity: float


class ComparisonView(BaseModel):
    """Person minus model on the same positions."""

    difference: IntervalView
    p_value: float
    answers_to_settle: int | None = Field(
        description="About how many more answers would settle it; 0 is settled, null is a tie"
    )


class ResultView(BaseModel):
    """A finished round."""

    round: RoundView
    tokens: list[TokenView]
    you: SideView
    model: ModelSideView
    comparison: ComparisonView


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


class RoundSummary(BaseModel):
    """A line in a player's list of rounds."""

    id: str
    title: str
    unit: str
    assisted: bool
    started_at: datetime
    finished: bool
    score: ScoreView


class PlayerView(BaseModel):
    """A player's own page; the comparison is over unassisted guesses at words, on the same ones."""

    opponent: ModelView | None
    nickname: str | None = None
    since: datetime | None = None
    rounds: int = 0
    guesses: int = 0
    you: IntervalView | None = None
    model: IntervalView | None = None
    comparison: ComparisonView | None = None
    recent: list[RoundSummary] = []
