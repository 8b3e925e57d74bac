"""The daily passage as a player may see it."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from server.services.contract.answers import PointsView
from server.services.contract.opponents import ModelView


class DailyRoundView(BaseModel):
    """The player's own round on the passage of a day."""

    id: str
    finished: bool
    answered: int
    right: int
    model_right: int = Field(description="Of the words answered so far")
    points: PointsView
    on_its_day: bool = Field(description="Begun on the day itself, so that it counts for a streak")


class StreakView(BaseModel):
    """Dailies in a row, each begun on its day and finished, with at most 48 hours between."""

    current: int
    best: int


class DailyView(BaseModel):
    """The passage of a day: the same twelve words and opponent for everybody."""

    number: int = Field(description="1 is that of 1 January 2026")
    date: date
    next_in_s: int | None = Field(
        description="How long today's passage stays; null for that of a past day"
    )
    title: str
    words: int
    model: ModelView
    you: DailyRoundView | None = Field(description="Null where the player has not begun it")
    streak: StreakView
    distribution: list[int] = Field(
        description="How many players had 0, 1, 2 … words right; of those who began it on its day, "
        "unassisted, and finished it"
    )


class PastDailyView(BaseModel):
    """A past day in the archive."""

    number: int
    date: date
    title: str
    you: DailyRoundView | None


class DailyStateView(BaseModel):
    """What the first page says of today's passage."""

    number: int
    date: date
    next_in_s: int
    you: DailyRoundView | None
    streak: StreakView
