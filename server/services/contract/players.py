"""A player's own page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

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


class PlayerAbilityView(BaseModel):
    """A player's ability at guessing, whichever words they happened to meet."""

    words: int
    accuracy: IntervalView = Field(
        description="Share right on words such as everybody meets: how hard the player's own words "
        "were is allowed for, and few answers are shrunk towards all players'"
    )


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
    ability: PlayerAbilityView | None = None
    loss: PlayerLossView | None = None
    recent: list[RoundSummary] = []
    page: int = Field(1, description="Which portion of the rounds `recent` holds; 1 is the newest")
    pages: int = 1


class PlayerData(BaseModel):
    """All that is stored about a player, some rounds at a time, newest first."""

    nickname: str | None
    created_at: datetime
    page: int
    pages: int = Field(description="Ask for each in turn; the last holds the first rounds")
    rounds: list[dict[str, Any]] = Field(description="With every answer")
    rooms: list[dict[str, Any]] = Field(description="Rooms played in; all on the first page")
    texts: list[str] = Field(description="Own texts; all of them on the first page")


class TransferView(BaseModel):
    """What to type into the other device."""

    code: str = Field(description="Eight letters, without any that look alike")
    expires_at: datetime
