"""What is said of the daily passage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from server.domain.contest.dailies import number_of
from server.services.contract.contest import (
    DailyRoundView,
    DailyStateView,
    DailyView,
    StreakView,
)
from server.web.wording.figures import SPACE, counted

STREAK_RULE = (
    "A streak counts the dailies that you began on their day and finished. It goes on while no "
    "more than 48 hours pass from one to the next, so playing once a day keeps it, whatever your "
    "time zone; days end at midnight UTC. Past days can be played any time and do not count for it."
)


def named(day: date | None) -> str:
    """Return what a round is called in what is sent to friends: the game, and a daily's number."""
    return f"Perplexed {number_of(day)}" if day else "Perplexed"


@dataclass(frozen=True)
class ScoreBar:
    """How many players had so many words right, and who of the two sides did."""

    right: int
    players: int
    share: float  # of the most frequent score's players
    is_you: bool
    is_model: bool


@dataclass(frozen=True)
class DailyWording:
    """The sentences and the bars of a day's page."""

    day: str
    state: str
    next_in: str
    streak: str
    rule: str
    everyone: str
    bars: list[ScoreBar]


def daily_wording(view: DailyView) -> DailyWording:
    """Return what the page of a day says."""
    players, most = sum(view.distribution), max(view.distribution)
    mine = view.you if view.you is not None and view.you.finished else None
    return DailyWording(
        day=day_words(view.date),
        state=state_words(view.you),
        next_in=duration(view.next_in_s) if view.next_in_s is not None else "",
        streak=streak_words(view.streak),
        rule=STREAK_RULE,
        everyone=_everyone(view, players),
        bars=[
            ScoreBar(
                right,
                n,
                n / most if most else 0.0,
                mine is not None and mine.right == right,
                mine is not None and mine.model_right == right,
            )
            for right, n in enumerate(view.distribution)
        ],
    )


def _everyone(view: DailyView, players: int) -> str:
    if not players:
        return "Nobody has finished it on its day yet."
    total = sum(right * n for right, n in enumerate(view.distribution))
    who = "One player has" if players == 1 else f"{players:,} players have"
    return f"{who} finished it on its day, with {total / players:.1f} of {view.words} on average."


def day_words(day: date) -> str:
    """Return a day as people write it: 27 November 2026."""
    return f"{day.day} {day:%B %Y}"


def state_words(you: DailyRoundView | None) -> str:
    """Return how the player stands with a day: nothing, in the middle, or the score."""
    if you is None:
        return "not played yet"
    if not you.finished:
        return f"{you.answered} of 12 answered"
    return f"you got {you.right} of {you.answered}"


def home_state(view: DailyStateView) -> str:
    """Return the line of the first page: how you stand, and when the next one comes."""
    return f"{state_words(view.you)} · next in {duration(view.next_in_s)}"


def streak_words(view: StreakView) -> str:
    """Return the streak in a sentence."""
    if not view.best:
        return "No streak yet: it begins with the first daily that you finish."
    best = f"your best is {counted(view.best, 'day')}"
    if not view.current:
        return f"No streak now; {best}."
    return f"Your streak is {counted(view.current, 'day')}; {best}."


def duration(seconds: int) -> str:
    """Return a time to come in hours and minutes, rounded up: 6 h 12 min."""
    minutes = -(-seconds // 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours}{SPACE}h {rest}{SPACE}min" if hours else f"{rest}{SPACE}min"
