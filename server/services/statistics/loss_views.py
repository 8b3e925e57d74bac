"""What pages show of bets, duels and tries against one model in one unit."""

from __future__ import annotations

from typing import Any

from server.domain.estimators.accuracy import Interval
from server.domain.estimators.calibration import CalibrationBin
from server.domain.estimators.perplexity import perplexity
from server.domain.sums.pooled_analysis import Losses
from server.services.contract.figures import IntervalView
from server.services.contract.statistics import (
    CalibrationView,
    EstimateView,
    PerplexityView,
    TriesBoundsView,
)


def loss_fields(found: Losses) -> dict[str, Any]:
    """Return the fields of OpponentStatistics that bets, duels and tries fill."""
    return {
        "headline": _headline(found),
        "tail_questions": found.headline.tail_questions if found.headline else 0,
        "bets": _bets(found),
        "published": _published(found),
        "tries": _tries(found),
    }


def calibration_views(bins: list[CalibrationBin]) -> list[CalibrationView]:
    """Return what is shown of statements, step by step."""
    return [
        CalibrationView(step=found.step, stated=found.stated, right=IntervalView.of(found.right))
        for found in bins
    ]


def _headline(found: Losses) -> PerplexityView | None:
    if found.headline is None or found.bets is None:
        return None
    part = found.headline
    reference = found.bets.reference_loss_nats
    return _perplexity(part.loss_nats, part.difference_nats, reference, part.more_answers)


def _bets(found: Losses) -> PerplexityView | None:
    if (part := found.bets) is None:
        return None
    reference = part.reference_loss_nats
    return _perplexity(part.loss_nats, part.difference_nats, reference, part.more_answers)


def _published(found: Losses) -> PerplexityView | None:
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


def _tries(found: Losses) -> TriesBoundsView | None:
    if (part := found.tries) is None:
        return None
    return TriesBoundsView(
        lower=EstimateView.perplexity_of(part.lower_nats),
        upper=EstimateView.perplexity_of(part.upper_nats),
        solved=part.solved,
        unsolved=part.unsolved,
    )
