"""What the admin sees: totals, groups with intervals, and the last days; from the folded sums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Self

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from server.domain.estimators.perplexity import perplexity
from server.domain.intervals.of_accuracy import PairedIntervals, paired_intervals
from server.domain.scores.models import model_label
from server.domain.sums.paired_pools import block_of, components_from, weights_from
from server.domain.sums.whole_numbers import Sums
from server.services.contract.figures import IntervalView
from server.services.statistics.sum_keys import DAY, GROUP, PLAYED, Pair
from server.store.scoring.scores import models_by_id
from server.store.statistics.rollups import all_sums, count_marked_players

DAYS_SHOWN = 30


class DifferenceView(IntervalView):
    """Person minus model in accuracy, with the p-value that goes with the interval."""

    p_value: float

    @classmethod
    def of_pair(cls, found: PairedIntervals) -> Self:
        """Return the difference that was found."""
        return cls(**IntervalView.of(found.difference).model_dump(), p_value=found.p_value)


class GroupView(BaseModel):
    """One model, mode, unit and assistance; both sides on the same positions."""

    model: str
    label: str = Field(description="What pages call the model")
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
    """All of it; the groups leave out guesses on passages that their player had before.

    `waiting` counts players about whom something is not in these numbers yet.
    """

    players: int
    rounds: int
    guesses: int
    repeated_guesses: int
    waiting: int
    groups: list[GroupView]
    days: list[DayView]


def statistics(session: Session, today: date) -> StatisticsView:
    """Return the statistics as the sums have them; of the last 30 days, empty ones are zeros."""
    sums = all_sums(session)
    players, rounds, guesses, repeated = sums.get((PLAYED,), (0, 0, 0, 0))
    first = today - timedelta(days=DAYS_SHOWN - 1)
    return StatisticsView(
        players=players,
        rounds=rounds,
        guesses=guesses,
        repeated_guesses=repeated,
        waiting=count_marked_players(session),
        groups=list(_groups(session, sums)),
        days=[_day_view(first + timedelta(days=offset), sums) for offset in range(DAYS_SHOWN)],
    )


def _groups(session: Session, sums: Sums) -> Iterator[GroupView]:
    models = models_by_id(session)
    for key in sorted(key for key in sums if key[0] == GROUP):
        _, model_id, mode, unit, assisted = key
        pair, model = Pair(*sums[key]), models[int(model_id)]
        found = paired_intervals(
            pair.counts,
            weights_from(sums, block_of(GROUP, mode, assisted), int(model_id), str(unit)),
            components_from(sums, int(model_id), str(unit)),
        )
        yield GroupView(
            model=model.name,
            label=model_label(model.name),
            revision=model.revision,
            mode=str(mode),
            unit=str(unit),
            assisted=bool(assisted),
            players=pair.players,
            guesses=pair.guesses,
            skipped=pair.skipped,
            you=IntervalView.of(found.person),
            model_accuracy=IntervalView.of(found.model),
            difference=DifferenceView.of_pair(found),
            model_perplexity=perplexity(pair.mean_loss_nats),
        )


def _day_view(day: date, sums: Sums) -> DayView:
    players, rounds, guesses = sums.get((DAY, day.isoformat()), (0, 0, 0))
    return DayView(date=day, players=players, rounds=rounds, guesses=guesses)
