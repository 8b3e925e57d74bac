"""Count the public statistics from all answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from server.domain.accuracy import (
    PairedCounts,
    answers_to_settle,
    difference_interval,
    mcnemar_p_value,
)
from server.domain.exclusion import Exclusion
from server.domain.perplexity import perplexity
from server.services.losses import Stated, StatedRows, loss_fields, stated_rows
from server.services.opponents import model_view
from server.services.records import names
from server.services.result_views import accuracy_view
from server.services.statistics import DifferenceView
from server.services.stats_views import (
    EntropyPairView,
    GenrePairView,
    LeftOutView,
    ModePairView,
    OpponentStatistics,
    PairView,
    PeriodPairView,
    PlayedPairView,
    PublicStatistics,
)
from server.services.views import IntervalView
from server.store import paired
from server.store.paired import ENTROPY_EDGES_BITS, PairedGroup
from server.store.scores import models_by_id
from server.store.statistics import count_repeated

MOST_DAYS = 28  # beyond them periods are weeks
MOST_PERIODS = 52
_WEEK_DAYS = 7

Groups = dict[str, list[PairedGroup]]
View = TypeVar("View", bound=PairView)


def public_statistics(session: Session, now: datetime) -> PublicStatistics:
    """Count everything anew: the cost grows with the number of answers."""
    called = names(session, lambda public_id: public_id)
    excluded = called.excluded
    stated = stated_rows(session, called)
    groups: Groups = {
        "all": paired.in_all(session, excluded),
        "modes": paired.by_mode(session, excluded),
        "genres": paired.by_genre(session, excluded),
        "entropy": paired.by_entropy(session, excluded),
        "days": paired.by_day(session, excluded),
    }
    reasons = Counter(excluded.values())
    counts = paired.answer_counts(session, excluded)
    return PublicStatistics(
        counted_at=now,
        players=counts.players,
        guesses=counts.guesses,
        bets=counts.bets,
        judgements=counts.judgements,
        left_out=LeftOutView(
            flagged=reasons[Exclusion.FLAGGED],
            skipping=reasons[Exclusion.SKIPPING],
            fast=reasons[Exclusion.FAST],
            repeated_guesses=count_repeated(session),
        ),
        opponents=_opponents(session, groups, stated, called.models),
    )


def _opponents(
    session: Session, groups: Groups, stated: Stated, model_names: Mapping[int, str]
) -> list[OpponentStatistics]:
    """Return each model and unit that was played, those with most answers first."""
    models = models_by_id(session)
    played = {(g.model_id, g.unit) for g in groups["modes"]} | stated.keys()
    found: list[tuple[int, int, OpponentStatistics]] = []
    for model_id, unit in sorted(played):
        mine = {
            name: [g for g in some if (g.model_id, g.unit) == (model_id, unit)]
            for name, some in groups.items()
        }
        rows = stated.get((model_id, unit), StatedRows())
        weight = sum(g.counts.n for g in mine["modes"]) + len(rows.rows)
        view = OpponentStatistics(
            model=model_view(models[model_id]),
            unit=unit,
            **_accuracy_fields(mine),
            **loss_fields(rows, model_names[model_id], unit),
        )
        found.append((-weight, len(found), view))
    return [view for _, _, view in sorted(found, key=lambda entry: entry[:2])]


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
    difference = IntervalView.of(difference_interval(counts))
    return kind(
        guesses=counts.n,
        skipped=group.skipped,
        you=accuracy_view(counts.person_right, counts.n),
        model=accuracy_view(counts.model_right, counts.n),
        difference=DifferenceView(**difference.model_dump(), p_value=mcnemar_p_value(counts)),
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
