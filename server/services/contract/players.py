"""A player's own page."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from server.services.contract.figures import ComparisonView, IntervalView
from server.services.contract.opponents import ModelView
from server.services.contract.rounds import ScoreView


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


class PlayerLossView(BaseModel):
    """A player's own perplexity by bets, whichever words they happened to meet."""

    words: int
    perplexity: IntervalView = Field(
        description="On text such as everybody plays, shrunk towards all players'"
    )
    model_perplexity: float = Field(description="The opponent's, on all words that were bet on")


class PlayerView(BaseModel):
    """A player's own page; the comparison is over unassisted guesses at the same words."""

    opponent: ModelView | None
    nickname: str | None = None
    since: datetime | None = None
    rounds: int = 0
    guesses: int = 0
    you: IntervalView | None = None
    model: IntervalView | None = None
    comparison: ComparisonView | None = None
    loss: PlayerLossView | None = None
    recent: list[RoundSummary] = []
