"""The leaderboard."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from server.services.contract.figures import IntervalView
from server.services.contract.opponents import ModelView


class BoardRowView(BaseModel):
    """A named player, or a model."""

    rank: int = Field(description="Equal points, or equal lower ends, share a rank")
    name: str
    emblem: str | None = Field(
        description="The seed of the picture at /emblem/{seed}.svg; null: a model"
    )
    points: float | None = Field(
        description="On a day's board, whose rank follows them; null on that of all time"
    )
    right: int
    of: int
    model: bool
    you: bool = False
    ability: IntervalView | None = Field(
        None,
        description="On the board of all time, whose rank follows its lower end: what share of "
        "the words that everybody meets would be right; with suggestions the plain share",
    )


class BoardView(BaseModel):
    """Who is ahead: on one day's passage by points, or of all time by what is sure of them."""

    board: str
    assisted: bool
    date: date | None
    opponent: ModelView | None
    least_words: int | None = Field(
        description="On the board of all time: who has fewer is not in it"
    )
    rows: list[BoardRowView]
