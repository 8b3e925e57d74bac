"""The public statistics: what /api/v1/stats returns and the page shows."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, Field

from server.domain.estimators.accuracy import Interval
from server.services.contract.figures import IntervalView
from server.services.contract.opponents import ModelView
from server.services.statistics.admin import DifferenceView


class EstimateView(BaseModel):
    """A value with its 95 % interval; the bounds are null where a single position allows none."""

    value: float
    low: float | None
    high: float | None
    n: int

    @classmethod
    def of(cls, interval: Interval) -> Self:
        """Return the view of an interval."""
        low, high = (b if math.isfinite(b) else None for b in (interval.low, interval.high))
        return cls(value=interval.value, low=low, high=high, n=interval.n)

    @classmethod
    def perplexity_of(cls, loss_nats: Interval) -> Self:
        """Return the perplexity of a loss: exp of its value and bounds."""
        nats = cls.of(loss_nats)
        low, high = (None if b is None else math.exp(min(b, 700.0)) for b in (nats.low, nats.high))
        return cls(value=math.exp(nats.value), low=low, high=high, n=nats.n)


class PairView(BaseModel):
    """First guesses, person and model on the same positions."""

    guesses: int
    skipped: int
    you: IntervalView = Field(description="People's accuracy")
    model: IntervalView = Field(description="The model's accuracy")
    difference: DifferenceView = Field(description="People minus model")
    answers_to_settle: int | None
    model_perplexity: float


class PlayedPairView(PairView):
    """The same, with the number of players."""

    players: int


class ModePairView(PlayedPairView):
    """The same in one mode."""

    mode: str
    assisted: bool


class GenrePairView(PairView):
    """The same in one genre."""

    genre: str


class EntropyPairView(PairView):
    """The same where the model's entropy lies in a range."""

    from_bits: int
    to_bits: int | None = Field(description="null: no upper end")


class PeriodPairView(PairView):
    """The same in a day or a week."""

    first_day: date
    days: int


class PerplexityView(BaseModel):
    """People's perplexity by one way of asking, beside the model's on the same positions."""

    people: EstimateView
    model: float
    loss_nats: EstimateView
    excess_nats: EstimateView = Field(description="People's loss minus the model's")
    answers_to_settle: int | None
    questions: int | None = Field(None, description="Of duels: how many targets")
    as_published: float | None = Field(None, description="Without the jackknife")


class TriesBoundsView(BaseModel):
    """Shannon's bounds as perplexities."""

    lower: EstimateView
    upper: EstimateView
    solved: list[float]
    unsolved: float


class CalibrationView(BaseModel):
    """Shares stated near one step: how often they were right."""

    step: float
    stated: float
    right: IntervalView


class BaselineView(BaseModel):
    """The unigram baseline, which says the most frequent word always, on people's words."""

    word: str
    guesses: int
    accuracy: IntervalView
    perplexity: float = Field(description="By how often each word is written, whatever is before")


class WithheldView(BaseModel):
    """Guesses in cells that are too small to be shown, by table."""

    modes: int
    genres: int
    entropy: int
    periods: int


class OpponentStatistics(BaseModel):
    """People against one model in one unit; None and empty lists where nobody has played."""

    model: ModelView
    unit: str
    accuracy: PlayedPairView | None = Field(description="Unassisted first guesses in all modes")
    baseline: BaselineView | None = Field(
        None, description="On the guesses of `accuracy`, in `words`"
    )
    modes: list[ModePairView]
    genres: list[GenrePairView]
    entropy: list[EntropyPairView]
    periods: list[PeriodPairView]
    withheld: WithheldView = Field(
        description="Cells of fewer than five guesses are withheld, and a second one where a "
        "single one could be found by subtraction"
    )
    headline: PerplexityView | None = Field(description="Head by bets, tail by duels")
    tail_questions: int
    bets: PerplexityView | None
    published: PerplexityView | None = Field(description="Duels with any rival, jackknifed")
    tries: TriesBoundsView | None
    bets_calibration: list[CalibrationView]
    duels_calibration: list[CalibrationView]


class LeftOutView(BaseModel):
    """Players who are left out in whole or in part, by reason, and answers that are left out."""

    flagged: int
    skipping: int
    fast: int = Field(description="Players too fast in some mode, where they are left out")
    outlying: int = Field(description="Players right more or less often than any reader is")
    repeated_guesses: int = Field(description="On passages that their player had seen before")


class PublicStatistics(BaseModel):
    """All public statistics, as counted at one moment."""

    counted_at: datetime
    players: int
    guesses: int
    bets: int
    judgements: int
    first_question: int = Field(
        description="Judgements that answer “which did the author write?”, no longer asked; left "
        "out of all these numbers"
    )
    left_out: LeftOutView
    opponents: list[OpponentStatistics]
