"""The daily's number and how far ahead it is planned; a streak that no time zone breaks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from server.domain.contest.dailies import (
    Streak,
    coming_days,
    days_ahead,
    number_of,
    seconds_to_next,
    streak,
)

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def days(*ago: float) -> list[datetime]:
    return [NOON - timedelta(days=each) for each in ago]


def test_numbers_are_days_of_2026_and_go_on() -> None:
    assert number_of(date(2026, 1, 1)) == 1
    assert number_of(date(2026, 11, 27)) == 331
    assert number_of(date(2027, 1, 1)) == 366


def test_at_most_two_weeks_and_an_eighth_of_the_passages_are_kept_back() -> None:
    for passages in range(500):
        assert days_ahead(passages) <= 14
        assert 8 * days_ahead(passages) <= passages
    assert days_ahead(112) == 14


def test_today_is_planned_in_the_smallest_corpus_too() -> None:
    today = NOON.date()
    assert coming_days(today, 1) == [today]
    assert coming_days(today, 24) == [today + timedelta(days=n) for n in range(3)]


def test_a_day_ends_at_midnight_utc() -> None:
    assert seconds_to_next(NOON) == 12 * 3600
    assert seconds_to_next(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)) == 1
    assert seconds_to_next(datetime(2026, 12, 31, tzinfo=UTC)) == 24 * 3600


@pytest.mark.parametrize(
    ("ago", "current", "best"),
    [
        ([], 0, 0),
        ([0], 1, 1),
        ([1], 1, 1),
        ([2.01], 0, 1),
        ([2, 1, 0], 3, 3),
        ([9, 8, 7, 6, 3.1, 1, 0], 2, 4),
        ([9, 8, 7, 5], 0, 4),
    ],
)
def test_a_streak_counts_dailies_in_a_row(ago: list[float], current: int, best: int) -> None:
    assert streak(days(*ago), NOON) == Streak(current, best)


def test_two_days_in_a_row_never_break_a_streak_at_whatever_hour() -> None:
    early = datetime(2026, 11, 26, 0, 0, 1, tzinfo=UTC)
    late = datetime(2026, 11, 27, 23, 59, 59, tzinfo=UTC)
    assert streak([early, late], late).current == 2


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "America/Los_Angeles", "Asia/Tokyo"])
def test_somebody_who_plays_once_each_local_day_keeps_a_streak(zone: str) -> None:
    """Though two of their games may fall on one UTC day and none on the next."""
    draw = np.random.default_rng(1)
    local = datetime(2026, 1, 5, tzinfo=ZoneInfo(zone))
    starts = [local + timedelta(days=n, seconds=int(draw.integers(0, 86_399))) for n in range(60)]
    skipped = {start.astimezone(UTC).date() for start in starts}
    assert len(skipped) < 60
    assert streak([start.astimezone(UTC) for start in starts], starts[-1]).current == 60


def test_a_day_left_out_breaks_it() -> None:
    assert streak(days(4, 3, 1, 0), NOON) == Streak(4, 4)  # exactly 48 hours are allowed
    assert streak([*days(4, 3.001), *days(1, 0)], NOON) == Streak(2, 2)
