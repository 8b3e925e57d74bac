"""A challenge: who asks, what is played, and how it went for those who finished the same words."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from server.services.contract.opponents import ModelView
from server.services.contract.rounds import PassageView, ScoreView


class PersonView(BaseModel):
    """All that others are told of a player."""

    name: str | None = Field(description="The nickname; null where there is none to show")
    emblem: str = Field(description="The seed of the picture at /emblem/{seed}.svg")


class ChallengeResultView(PersonView):
    """One finished round on the challenge's words."""

    right: int
    points: float
    loss_bits: float | None = Field(description="In bets and duels: mean loss, less is better")
    finished_at: datetime
    marks: list[bool] = Field(description="Word by word, in the order of `words`")
    repeated: bool = Field(description="The player had seen the passage before")
    challenger: bool
    you: bool


class ChallengeWordView(BaseModel):
    """A word that was asked, and whether the model had it."""

    target: str
    model_right: bool


class AskerView(BaseModel):
    """How whoever asks stands to the challenge."""

    is_challenger: bool
    has_seen: bool = Field(description="They had a round on this passage outside the challenge")
    round_id: str | None = Field(
        description="Their round on these words: begun because of it, or the same day's"
    )
    finished: bool = Field(description="They have finished it because of the challenge")


class ChallengeView(BaseModel):
    """A challenge as whoever asks may see it: no word before they have finished the same words."""

    code: str
    url: str = ""
    by: PersonView
    passage: PassageView
    model: ModelView
    mode: str
    unit: str
    assisted: bool
    daily: date | None
    score: ScoreView = Field(description="The challenger's, as `you`")
    asker: AskerView
    results: list[ChallengeResultView] | None = Field(
        description="Null until the asker has finished the same words"
    )
    words: list[ChallengeWordView] | None = Field(description="Null as long as `results` is")


class ChallengeLinkView(BaseModel):
    """Where a challenge is found."""

    code: str
    url: str
