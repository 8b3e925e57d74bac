"""A player's page: how they did by week, by mode and genre, by difficulty and by pace."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel


class TallyView(BaseModel):
    """Some finished rounds: words asked, right answers of both sides, and points."""

    key: str
    rounds: int
    asked: int
    right: int
    model_right: int
    points: float
    model_points: float


class WeekView(BaseModel):
    """One week, by its Monday."""

    monday: date
    rounds: int
    asked: int
    right: int
    model_right: int
    points: float


class StepView(BaseModel):
    """Guesses in one step of a scale; `below` is None for the last one."""

    below: float | None
    guesses: int
    right: int
    model_right: int


class BestView(BaseModel):
    """The round that earned most points."""

    round_id: str
    title: str
    right: int
    asked: int
    points: float


class ProfileView(BaseModel):
    """Finished rounds against the present opponent, on passages new to the player.

    All but `modes` is of unassisted guesses at words. Dailies, whose words are drawn otherwise, are
    in `best` and `scores`, and a way of their own in `modes`; nothing else counts them.
    """

    best: BestView | None
    weeks: list[WeekView]
    scores: list[int]
    modes: list[TallyView]
    genres: list[TallyView]
    by_entropy_bits: list[StepView]
    by_seconds: list[StepView]
