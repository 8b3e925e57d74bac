"""What the public statistics say of one model and unit, from its numbers however found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, TypeVar

from server.domain.estimators.accuracy import (
    PairedCounts,
    answers_to_settle,
)
from server.domain.estimators.calibration import CalibrationBin
from server.domain.estimators.perplexity import perplexity
from server.domain.sums.pooled_analysis import Losses
from server.services.contract.statistics import (
    EntropyPairView,
    GenrePairView,
    ModePairView,
    OpponentStatistics,
    PairView,
    PeriodPairView,
    PlayedPairView,
)
from server.services.play.opponents import model_view
from server.services.play.result_views import accuracy_view
from server.services.statistics.admin import DifferenceView
from server.services.statistics.loss_views import calibration_views, loss_fields
from server.store.statistics.first_guesses import ENTROPY_EDGES_BITS, PairedGroup
from server.store.tables import LanguageModelRow

MOST_DAYS = 28  # beyond them periods are weeks
MOST_PERIODS = 52
_WEEK_DAYS = 7

FACETS = ("all", "modes", "genres", "entropy", "days")
Groups = Mapping[str, Sequence[PairedGroup]]  # by facet, each in the order of its keys
View = TypeVar("View", bound=PairView)


@dataclass(frozen=True)
class OpponentNumbers:
    """All that is shown of one model and unit; `rows` counts bets, judgements and tries."""

    model_id: int
    unit: str
    groups: Groups
    rows: int
    losses: Losses
    bets_calibration: list[CalibrationBin]
    duels_calibration: list[CalibrationBin]

    @property
    def weight(self) -> int:
        """How much there is of it, which decides what comes first."""
        return self.rows + sum(group.counts.n for group in self.groups["modes"])


def opponent_views(
    found: Iterable[OpponentNumbers], models: Mapping[int, LanguageModelRow]
) -> list[OpponentStatistics]:
    """Return each model and unit that was played, those with most answers first."""
    ordered = sorted(found, key=lambda one: (-one.weight, one.model_id, one.unit))
    return [
        OpponentStatistics(
            model=model_view(models[one.model_id]),
            unit=one.unit,
            **_accuracy_fields(one.groups),
            **loss_fields(one.losses),
            bets_calibration=calibration_views(one.bets_calibration),
            duels_calibration=calibration_views(one.duels_calibration),
        )
        for one in ordered
    ]


def _accuracy_fields(groups: Groups) -> dict[str, Any]:
    edges = (0, *ENTROPY_EDGES_BITS, None)
    overall = [_pair(PlayedPairView, g, players=g.players) for g in groups["all"]]
    return {
        "accuracy": overall[0] if overall else None,
        "modes": [
            _pair(ModePairView, g, players=g.players, mode=g.key[0], assisted=g.key[1])
            for g in groups["modes"]
        ],
        "genres": [_pair(GenrePairView, g, genre=g.key[0]) for g in groups["genres"]],
        "entropy": [
            _pair(EntropyPairView, g, from_bits=edges[g.key[0]], to_bits=edges[g.key[0] + 1])
            for g in groups["entropy"]
        ],
        "periods": _periods(groups["days"]),
    }


def _pair(kind: type[View], group: PairedGroup, **fields: Any) -> View:
    counts = group.counts
    return kind(
        guesses=counts.n,
        skipped=group.skipped,
        you=accuracy_view(counts.person_right, counts.n),
        model=accuracy_view(counts.model_right, counts.n),
        difference=DifferenceView.of_pairs(counts),
        answers_to_settle=answers_to_settle(counts),
        model_perplexity=perplexity(group.mean_loss_nats),
        **fields,
    )


def _periods(days: Sequence[PairedGroup]) -> list[PeriodPairView]:
    """Return days, or weeks from Monday where days would be too many; at most the last year."""
    if not days:
        return []
    last: date = days[-1].key[0]
    length = 1 if (last - days[0].key[0]).days < MOST_DAYS else _WEEK_DAYS
    together: dict[date, list[PairedGroup]] = defaultdict(list)
    for day in days:
        of: date = day.key[0]
        together[of - timedelta(days=of.weekday() if length > 1 else 0)].append(day)
    return [
        _pair(PeriodPairView, _added(some), first_day=first, days=length)
        for first, some in list(together.items())[-MOST_PERIODS:]
    ]


def _added(groups: Sequence[PairedGroup]) -> PairedGroup:
    counts = PairedCounts(
        both=sum(group.counts.both for group in groups),
        person_only=sum(group.counts.person_only for group in groups),
        model_only=sum(group.counts.model_only for group in groups),
        neither=sum(group.counts.neither for group in groups),
    )
    loss_nats = sum(group.mean_loss_nats * group.counts.n for group in groups) / counts.n
    skipped = sum(group.skipped for group in groups)
    return replace(groups[0], counts=counts, skipped=skipped, mean_loss_nats=loss_nats)
