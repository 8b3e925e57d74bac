"""The daily passage: its number, how far ahead it is planned, and the streak of a player."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

FIRST_DAY = date(2026, 1, 1)  # number 1
MOST_DAYS_AHEAD = 14  # today among them
_PASSAGES_PER_DAY_AHEAD = 8  # no more than an eighth of the passages is kept back
STREAK_ALLOWS = timedelta(hours=48)


def number_of(day: date) -> int:
    """Return the number of a day's passage.

    >>> number_of(date(2026, 1, 1)), number_of(date(2026, 11, 27))
    (1, 331)
    """
    return (day - FIRST_DAY).days + 1


def days_ahead(passages: int) -> int:
    """Return how many days are planned, today the first: their passages are kept back.

    Nobody meets them in another mode. A small corpus keeps back fewer, or none.

    >>> days_ahead(6), days_ahead(66), days_ahead(200)
    (0, 8, 14)
    """
    return min(MOST_DAYS_AHEAD, passages // _PASSAGES_PER_DAY_AHEAD)


def coming_days(today: date, passages: int) -> list[date]:
    """Return the days to plan: today, whatever the corpus, and those that are kept back."""
    return [today + timedelta(days=n) for n in range(max(1, days_ahead(passages)))]


def seconds_to_next(now: datetime) -> int:
    """Return how long today's passage stays; days begin at midnight UTC."""
    tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    return max(0, int((tomorrow - now).total_seconds()))


@dataclass(frozen=True)
class Streak:
    """How many dailies in a row a player has played: now, and at most."""

    current: int
    best: int


def streak(begun_at: Iterable[datetime], now: datetime) -> Streak:
    """Return the streak of somebody who began dailies then, each on its own day, and finished them.

    A streak goes on while no more than 48 hours pass from one beginning to the next, and is alive
    while no more have passed since the last. Two days in a row are never further apart; nor are
    the games of somebody who plays once each day of their own time zone, even where one of them
    falls just before midnight UTC and the next just after the following one.
    """
    starts = sorted(begun_at)
    runs = _runs(starts)
    if not runs:
        return Streak(0, 0)
    is_alive = now - starts[-1] <= STREAK_ALLOWS
    return Streak(runs[-1] if is_alive else 0, max(runs))


def _runs(starts: Sequence[datetime]) -> list[int]:
    lengths: list[int] = []
    for index, start in enumerate(starts):
        if index and start - starts[index - 1] <= STREAK_ALLOWS:
            lengths[-1] += 1
        else:
            lengths.append(1)
    return lengths
