"""What the public statistics say of one model and unit, from its numbers however found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from server.domain.estimators.calibration import CalibrationBin
from server.domain.estimators.perplexity import perplexity
from server.domain.intervals.of_accuracy import PairedComponents, paired_intervals
from server.domain.sums.pooled_analysis import Losses
from server.services.contract.figures import IntervalView
from server.services.contract.statistics import (
    EntropyPairView,
    GenrePairView,
    ModePairView,
    OpponentStatistics,
    PairView,
    PeriodPairView,
    PlayedPairView,
    WithheldView,
)
from server.services.play.opponents import model_view
from server.services.statistics.admin import DifferenceView
from server.services.statistics.baseline import baseline_view
from server.services.statistics.loss_views import calibration_views, loss_fields
from server.services.statistics.sum_keys import BaselineSums
from server.store.statistics.first_guesses import ENTROPY_EDGES_BITS, PairedGroup
from server.store.tables import LanguageModelRow

MOST_DAYS = 28  # beyond them periods are weeks
MOST_PERIODS = 52
_WEEK_DAYS = 7

LEAST_CELL = 5  # guesses; statistical offices withhold cells of fewer than 3 to 10
SHOWN_FACETS = ("modes", "genres", "entropy", "periods")
FACETS = ("all", "modes", "genres", "entropy", "days", "weeks")
Groups = Mapping[str, Sequence[PairedGroup]]  # by facet, each in the order of its keys
View = TypeVar("View", bound=PairView)


@dataclass(frozen=True)
class OpponentNumbers:
    """All that is shown of one model and unit; `rows` counts bets, judgements and tries."""

    model_id: int
    unit: str
    groups: Groups
    rows: int
    baseline: BaselineSums | None
    components: PairedComponents
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
            **_accuracy_fields(one),
            **loss_fields(one.losses),
            bets_calibration=calibration_views(one.bets_calibration),
            duels_calibration=calibration_views(one.duels_calibration),
        )
        for one in ordered
    ]


def _accuracy_fields(found: OpponentNumbers) -> dict[str, Any]:
    edges = (0, *ENTROPY_EDGES_BITS, None)
    all_groups = {**found.groups, "periods": [group for _, group in _periods(found.groups)]}
    groups = {facet: large_enough(all_groups[facet]) for facet in ("all", *SHOWN_FACETS)}
    lengths = {group.key: length for length, group in _periods(found.groups)}

    def pair(kind: type[View], group: PairedGroup, **fields: Any) -> View:
        return _pair(kind, group, found.components, **fields)

    overall = [pair(PlayedPairView, g, players=g.players) for g in groups["all"]]
    return {
        "accuracy": overall[0] if overall else None,
        "baseline": baseline_view(
            found.baseline, groups["all"][0].weights if groups["all"] else None
        ),
        "modes": [
            pair(ModePairView, g, players=g.players, mode=g.key[0], assisted=g.key[1])
            for g in groups["modes"]
        ],
        "genres": [pair(GenrePairView, g, genre=g.key[0]) for g in groups["genres"]],
        "entropy": [
            pair(EntropyPairView, g, from_bits=edges[g.key[0]], to_bits=edges[g.key[0] + 1])
            for g in groups["entropy"]
        ],
        "periods": [
            pair(PeriodPairView, g, first_day=g.key[0], days=lengths[g.key])
            for g in groups["periods"]
        ],
        "withheld": WithheldView(
            **{
                facet: _guesses(all_groups[facet]) - _guesses(groups[facet])
                for facet in SHOWN_FACETS
            }
        ),
    }


def large_enough(groups: Sequence[PairedGroup]) -> list[PairedGroup]:
    """Return the groups that may be shown: a loss that is the mean of few tells each of them.

    Those of fewer than five guesses are left out. A single one of them would be the rest of a
    sum, so the smallest of the others is left out with it.
    """
    shown = [group for group in groups if group.counts.n >= LEAST_CELL]
    if len(groups) - len(shown) == 1 and shown:
        smallest = min(shown, key=lambda group: group.counts.n)
        shown = [group for group in shown if group is not smallest]
    return shown


def _guesses(groups: Sequence[PairedGroup]) -> int:
    return sum(group.counts.n for group in groups)


def _pair(
    kind: type[View], group: PairedGroup, components: PairedComponents, **fields: Any
) -> View:
    found = paired_intervals(group.counts, group.weights, components)
    return kind(
        guesses=group.counts.n,
        skipped=group.skipped,
        you=IntervalView.of(found.person),
        model=IntervalView.of(found.model),
        difference=DifferenceView.of_pair(found),
        answers_to_settle=found.answers_to_settle,
        model_perplexity=perplexity(group.mean_loss_nats),
        **fields,
    )


def _periods(groups: Groups) -> list[tuple[int, PairedGroup]]:
    """Return days, or weeks from Monday where days would be too many, and how long each is.

    At most the last year.
    """
    days = groups["days"]
    if not days:
        return []
    first, last = days[0].key[0], days[-1].key[0]
    short = (last - first).days < MOST_DAYS
    chosen = days if short else groups["weeks"]
    return [(1 if short else _WEEK_DAYS, group) for group in chosen[-MOST_PERIODS:]]
