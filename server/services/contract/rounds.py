"""What the services answer: the JSON contract of the HTTP interface, and what pages are made of."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, Field

from server.domain.estimators.accuracy import Interval
from server.services.contract.answers import AnswerView, CandidateView, JudgementView


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
    tries: list[str] = Field(default=[], description="What was tried here already, in mode tries")
    tries_left: int | None = None
    guess: str | None = Field(
        None, description="In mode bet, the own guess made here; null if none"
    )
    options: list[str] | None = Field(
        None, description="In mode bet, once the own guess is made: what is offered"
    )
    own_option: str | None = Field(None, description="The option that is the own guess alone")
    pair: tuple[str, str] | None = Field(None, description="In mode duel: the two tokens")
    steps: list[float] | None = Field(
        None, description="Shares that a page offers, from few to many"
    )


class SegmentView(BaseModel):
    """A stretch of the revealed text; `answer` is the index of the answer it is the target of."""

    text: str
    answer: int | None


class ScoreView(BaseModel):
    """The running score: settled positions, and how many of them each side had right."""

    answered: int
    you: int
    model: int
    you_bits: float | None = Field(None, description="In bets and duels: mean loss so far")
    model_bits: float | None = None


class RoundView(BaseModel):
    """A round as its player may see it: nothing beyond the gap."""

    id: str
    mode: str
    unit: str
    assisted: bool
    repeated: bool = Field(description="The player had this passage before; it counts nowhere")
    practice: bool = Field(description="Duels to learn the game by; they count nowhere")
    form: str | None = Field(description="Of a duel: tail, or whole as in the published study")
    daily: date | None
    finished: bool
    model: ModelView
    passage: PassageView
    text: str = Field(description="All that is revealed so far, up to the gap")
    segments: list[SegmentView] = Field(description="The same text, cut at the settled targets")
    asked: AskedView | None
    answers: list[AnswerView | JudgementView]
    score: ScoreView


class GuessOutcome(BaseModel):
    """The reveal (null while the position goes on), and the round as it stands then."""

    answer: AnswerView | JudgementView | None
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


class LossesView(BaseModel):
    """Mean losses in bits on the same positions; the difference is person minus model."""

    you: IntervalView
    model: IntervalView
    difference: IntervalView
    answers_to_settle: int | None


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
    tries: TriesView | None = Field(None, description="In mode tries")


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
    mode: str
    unit: str
    assisted: bool
    practice: bool
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
