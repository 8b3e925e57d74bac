"""What the admin sees: totals, groups with intervals, and the last days."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import BaseModel
from sqlalchemy.orm import Session

from server.domain.accuracy import difference_interval, mcnemar_p_value
from server.domain.perplexity import perplexity
from server.services.result_views import accuracy_view
from server.services.views import IntervalView
from server.store import statistics as stored

DAYS_SHOWN = 30


class DifferenceView(IntervalView):
    """Person minus model in accuracy, with the exact McNemar p-value."""

    p_value: float


class GroupView(BaseModel):
    """One model, mode, unit and assistance; both sides on the same positions."""

    model: str
    revision: str
    mode: str
    unit: str
    assisted: bool
    players: int
    guesses: int
    skipped: int
    you: IntervalView
    model_accuracy: IntervalView
    difference: DifferenceView
    model_perplexity: float


class DayView(BaseModel):
    """One UTC day."""

    date: date
    players: int
    rounds: int
    guesses: int


class StatisticsView(BaseModel):
    """All of it; the groups leave out guesses on passages that their player had before."""

    players: int
    rounds: int
    guesses: int
    repeated_guesses: int
    groups: list[GroupView]
    days: list[DayView]


def statistics(session: Session, today: date) -> StatisticsView:
    """Return the statistics as they stand; of the last 30 days, empty ones are zeros."""
    totals = stored.totals(session)
    first = today - timedelta(days=DAYS_SHOWN - 1)
    known = stored.by_day(session, first)
    days = [first + timedelta(days=offset) for offset in range(DAYS_SHOWN)]
    return StatisticsView(
        players=totals.players,
        rounds=totals.rounds,
        guesses=totals.guesses,
        repeated_guesses=stored.count_repeated(session),
        groups=[_group_view(group) for group in stored.groups(session)],
        days=[_day_view(day, known.get(day, stored.Totals(0, 0, 0))) for day in days],
    )


def _group_view(group: stored.GroupCounts) -> GroupView:
    counts = group.counts
    difference = IntervalView.of(difference_interval(counts))
    return GroupView(
        model=group.model,
        revision=group.revision,
        mode=group.mode,
        unit=group.unit,
        assisted=group.assisted,
        players=group.players,
        guesses=counts.n,
        skipped=group.skipped,
        you=accuracy_view(counts.person_right, counts.n),
        model_accuracy=accuracy_view(counts.model_right, counts.n),
        difference=DifferenceView(**difference.model_dump(), p_value=mcnemar_p_value(counts)),
        model_perplexity=perplexity(group.mean_loss_nats),
    )


def _day_view(day: date, totals: stored.Totals) -> DayView:
    return DayView(date=day, players=totals.players, rounds=totals.rounds, guesses=totals.guesses)
