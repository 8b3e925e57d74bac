"""Bets, duels and tries as rows for the estimators, and what these say of one model and unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from server.domain.accuracy import Interval
from server.domain.analysis import Analysis, analyse
from server.domain.betting import STAKE_STEPS
from server.domain.calibration import CalibrationBin, calibration
from server.domain.duels import EVEN, TAIL_STEPS
from server.domain.interchange import Row, row_from_record
from server.domain.perplexity import perplexity
from server.domain.rounds import Mode
from server.domain.tokens import Unit
from server.services.records import (
    Names,
    Record,
    bet_record,
    guess_record,
    judgement_record,
)
from server.services.stats_views import (
    CalibrationView,
    EstimateView,
    PerplexityView,
    TriesBoundsView,
)
from server.services.views import IntervalView
from server.store.exporting import stream_bets, stream_guesses, stream_judgements

CONFIDENCE_STEPS = tuple(step for step in TAIL_STEPS if step > EVEN)


@dataclass
class StatedRows:
    """The rows of one model and unit, and what was stated of what came true."""

    rows: list[Row] = field(default_factory=list)
    bets: list[tuple[float, bool]] = field(default_factory=list)
    duels: list[tuple[float, bool]] = field(default_factory=list)


Stated = Mapping[tuple[int, str], StatedRows]


def stated_rows(session: Session, called: Names) -> Stated:
    """Read all bets, duels and tries that count, by model and unit.

    They become rows by way of the export's records, so that an export gives the same numbers.
    """
    found: dict[tuple[int, str], StatedRows] = defaultdict(StatedRows)
    for row in _counting(stream_bets(session), called):
        of = found[row.model_id, row.unit]
        of.rows.append(row_from_record(bet_record(row, called)))
        of.bets += [(share, text == row.target_option) for text, share, _ in row.stakes]
        of.bets.append((row.other, row.target_option is None))
    for row in _counting(stream_judgements(session), called):
        of = found[row.model_id, row.unit]
        of.rows.append(row_from_record(judgement_record(row, called)))
        share = row.target_share
        if row.asked and share != EVEN:
            of.duels.append((max(share, 1 - share), share > EVEN))
    for row in _counting(stream_guesses(session, Mode.TRIES), called):
        record: Record = guess_record(row, called)
        found[row.model_id, row.unit].rows.append(row_from_record(record))
    return found


def _counting(rows: Iterable[Any], called: Names) -> Iterable[Any]:
    return (row for row in rows if not row.repeated and row.player_id not in called.excluded)


def loss_fields(stated: StatedRows, model: str, unit: str) -> dict[str, Any]:
    """Return the fields of OpponentStatistics that bets, duels and tries fill."""
    found = analyse(stated.rows, reference=model, unit=Unit(unit))
    return {
        "headline": _headline(found),
        "tail_questions": found.headline.tail_questions if found.headline else 0,
        "bets": _bets(found),
        "published": _published(found),
        "tries": _tries(found),
        "bets_calibration": _calibration(stated.bets, STAKE_STEPS),
        "duels_calibration": _calibration(stated.duels, CONFIDENCE_STEPS),
    }


def _headline(found: Analysis) -> PerplexityView | None:
    if found.headline is None or found.bets is None:
        return None
    part = found.headline
    reference = found.bets.reference_loss_nats
    return _perplexity(part.loss_nats, part.difference_nats, reference, part.more_answers)


def _bets(found: Analysis) -> PerplexityView | None:
    if (part := found.bets) is None:
        return None
    reference = part.reference_loss_nats
    return _perplexity(part.loss_nats, part.difference_nats, reference, part.more_answers)


def _published(found: Analysis) -> PerplexityView | None:
    if (part := found.comparisons) is None:
        return None
    loss, excess = part.loss_jackknife_nats, part.excess_jackknife_nats
    view = _perplexity(loss, excess, part.reference_loss_nats, part.more_answers)
    view.questions, view.as_published = part.questions, part.perplexity
    return view


def _perplexity(
    loss: Interval, excess: Interval, model_loss_nats: float, more: int | None
) -> PerplexityView:
    return PerplexityView(
        people=EstimateView.perplexity_of(loss),
        model=perplexity(model_loss_nats),
        loss_nats=EstimateView.of(loss),
        excess_nats=EstimateView.of(excess),
        answers_to_settle=more,
    )


def _tries(found: Analysis) -> TriesBoundsView | None:
    if (part := found.tries) is None:
        return None
    return TriesBoundsView(
        lower=EstimateView.perplexity_of(part.lower_nats),
        upper=EstimateView.perplexity_of(part.upper_nats),
        solved=part.solved,
        unsolved=part.unsolved,
    )


def _calibration(
    statements: list[tuple[float, bool]], steps: tuple[float, ...]
) -> list[CalibrationView]:
    stated = np.array([share for share, _ in statements], dtype=np.float64)
    right = np.array([was_right for _, was_right in statements], dtype=np.bool_)
    return [_calibration_view(found) for found in calibration(stated, right, steps)]


def _calibration_view(found: CalibrationBin) -> CalibrationView:
    right = IntervalView.of(found.right)
    return CalibrationView(step=found.step, stated=found.stated, right=right)
