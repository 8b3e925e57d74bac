"""The public statistics, from the sums that folds keep: the cost does not grow with the answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from sqlalchemy.orm import Session

from server.domain.estimators.calibration import CalibrationBin, calibration_bin
from server.domain.play.betting import STAKE_STEPS
from server.domain.play.conduct import Exclusion
from server.domain.sums.paired_pools import block_of, components_from, weights_from
from server.domain.sums.pooled_analysis import pooled_losses
from server.domain.sums.whole_numbers import Key, Sums, real
from server.services.contract.statistics import LeftOutView, PublicStatistics
from server.services.statistics.opponent_views import FACETS, OpponentNumbers, opponent_views
from server.services.statistics.stated_parts import CONFIDENCE_STEPS
from server.services.statistics.sum_keys import (
    BASELINE,
    BETS,
    CALIBRATION,
    COUNTED,
    DUELS,
    EXCLUDED,
    PAIRED,
    PLAYED,
    ROWS,
    BaselineSums,
    Pair,
)
from server.store.exports import model_names
from server.store.scoring.scores import answer_counts, models_by_id
from server.store.statistics.first_guesses import PairedGroup
from server.store.statistics.rollups import all_sums

_Where = tuple[int, str]  # model and unit
_Facets = dict[str, list[PairedGroup]]


def public_statistics(session: Session, now: datetime) -> PublicStatistics:
    """Return the statistics as the sums have them."""
    sums = all_sums(session)
    players, guesses, bets, judgements, first_question = sums.get((COUNTED,), (0,) * 5)
    *_, repeated = sums.get((PLAYED,), (0, 0, 0, 0))
    left_out = {reason: sums.get((EXCLUDED, reason.value), (0,))[0] for reason in Exclusion}
    return PublicStatistics(
        counted_at=now,
        players=players,
        guesses=guesses,
        bets=bets,
        judgements=judgements,
        first_question=first_question,
        left_out=LeftOutView(
            flagged=left_out[Exclusion.FLAGGED],
            skipping=left_out[Exclusion.SKIPPING],
            fast=left_out[Exclusion.FAST],
            outlying=left_out[Exclusion.OUTLYING],
            repeated_guesses=repeated,
        ),
        opponents=opponent_views(_numbers(session, sums), models_by_id(session)),
    )


def _group(sums: Sums, facet: str, where: _Where, key: list[str | int], pair: Pair) -> PairedGroup:
    model_id, unit = where
    return PairedGroup(
        model_id=model_id,
        unit=unit,
        key=_typed(facet, key),
        counts=pair.counts,
        players=pair.players,
        skipped=pair.skipped,
        mean_loss_nats=pair.mean_loss_nats,
        weights=weights_from(sums, block_of(facet, *key), model_id, unit),
    )


def _numbers(session: Session, sums: Sums) -> Iterator[OpponentNumbers]:
    facets = _paired(sums)
    names, answers = model_names(session), answer_counts(session)
    rows = {_where(key): numbers[0] for key, numbers in sums.items() if key[0] == ROWS}
    for model_id, unit in facets.keys() | rows.keys():
        groups = facets[model_id, unit]
        yield OpponentNumbers(
            model_id=model_id,
            unit=unit,
            groups={facet: sorted(groups[facet], key=lambda group: group.key) for facet in FACETS},
            rows=rows.get((model_id, unit), 0),
            baseline=_baseline(sums, model_id, unit),
            components=components_from(sums, model_id, unit),
            losses=pooled_losses(sums, model_id, unit, names[model_id], answers[model_id, unit]),
            bets_calibration=_calibration(sums, (BETS, model_id, unit), STAKE_STEPS),
            duels_calibration=_calibration(sums, (DUELS, model_id, unit), CONFIDENCE_STEPS),
        )


def _baseline(sums: Sums, model_id: int, unit: str) -> BaselineSums | None:
    found = sums.get((BASELINE, model_id, unit))
    return BaselineSums(*found) if found else None


def _where(key: Key) -> tuple[int, str]:
    _, model_id, unit = key
    return int(model_id), str(unit)


def _paired(sums: Sums) -> Mapping[tuple[int, str], _Facets]:
    found: dict[tuple[int, str], _Facets] = defaultdict(lambda: defaultdict(list))
    for key, numbers in sums.items():
        if key[0] == PAIRED:
            _, facet, model_id, unit, *rest = key
            where = int(model_id), str(unit)
            group = _group(sums, str(facet), where, rest, Pair(*numbers))
            found[group.model_id, group.unit][str(facet)].append(group)
    return found


def _typed(facet: str, key: list[str | int]) -> tuple[object, ...]:
    """Return a facet's key as the pages read it: modes say whether assisted, days are dates."""
    if facet == "modes":
        mode, assisted = key
        return mode, bool(assisted)
    return (date.fromisoformat(str(key[0])),) if facet in ("days", "weeks") else tuple(key)


def _calibration(sums: Sums, key: Key, steps: tuple[float, ...]) -> list[CalibrationBin]:
    return [
        calibration_bin(step, n, weight, squares, right, float(real(stated)))
        for number, step in enumerate(steps)
        for n, weight, squares, right, stated in [sums.get((CALIBRATION, *key, number), (0,) * 5)]
        if n
    ]
