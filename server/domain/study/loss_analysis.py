"""What is said of a study's comparisons, its bets, and both together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from server.domain.estimators.accuracy import Interval
from server.domain.estimators.arrays import FloatArray
from server.domain.estimators.bets import bet_losses, bets_estimate, with_tail, with_tail_excess
from server.domain.estimators.duels import excess_estimate
from server.domain.estimators.perplexity import perplexity
from server.domain.estimators.tail_model import tail_model
from server.domain.intervals.of_bets_and_duels import interval, mean_estimate, number_of
from server.domain.intervals.of_means_and_shares import answers_to_settle
from server.domain.study.columns import BetColumns, ComparisonColumns


@dataclass(frozen=True)
class ComparisonAnalysis:
    """Comparisons with rivals from the whole distribution; losses in nats.

    `perplexity` is the published estimate's, `perplexity_jackknife` the jackknifed one's. Where a
    model plays, `true_excess_nats` is what the estimates should give.
    """

    questions: int
    judgements: int
    players: int
    reference: str
    reference_loss_nats: float
    excess_nats: Interval
    excess_jackknife_nats: Interval
    loss_jackknife_nats: Interval
    perplexity: float
    perplexity_jackknife: float
    more_answers: int | None
    true_excess_nats: float | None


@dataclass(frozen=True)
class BetAnalysis:
    """Bets alone; `difference_nats` is the players' loss minus the reference's, paired."""

    loss_nats: Interval
    offered_share: float
    players: int
    reference_loss_nats: float
    difference_nats: Interval
    more_answers: int | None
    true_loss_nats: float | None


@dataclass(frozen=True)
class HeadlineAnalysis:
    """Head by bets, tail by comparisons; without tail questions the model's tail stands in."""

    loss_nats: Interval
    perplexity: float
    tail_questions: int
    tail_excess_nats: Interval | None
    difference_nats: Interval
    more_answers: int | None
    true_loss_nats: float | None


@dataclass(frozen=True)
class TailModelAnalysis:
    """The headline with its tail by the fitted model; `exponent`, taste and noise are the fit's.

    `taste_nats` and `noise_nats` are standard deviations.
    """

    loss_nats: Interval
    perplexity: float
    tail_excess_nats: Interval
    difference_nats: Interval
    exponent: float
    taste_nats: float
    noise_nats: float


def analyse_comparisons(
    columns: ComparisonColumns, reference: str, *, plays: bool
) -> ComparisonAnalysis:
    """Return the published and the jackknifed excess over the reference, questions alike.

    Where another model than the reference drew the rivals, the excess over that one is moved by the
    difference of both models' losses at each question.
    """
    rows = columns.judgements
    to_reference = columns.reference_logprob - columns.generator_logprob
    plain = interval(excess_estimate(rows, jackknife=False, offset=to_reference))
    jackknifed = interval(excess_estimate(rows, jackknife=True, offset=to_reference))
    loss = excess_estimate(rows, jackknife=True, offset=-columns.generator_logprob)
    _, first = np.unique(rows.question, return_index=True)
    reference_loss = float(-columns.reference_logprob[first].mean())
    gap = columns.reference_logprob - columns.player_logprob
    return ComparisonAnalysis(
        questions=int(first.size),
        judgements=int(rows.question.size),
        players=number_of(rows.clusters.player),
        reference=reference,
        reference_loss_nats=reference_loss,
        excess_nats=plain,
        excess_jackknife_nats=jackknifed,
        loss_jackknife_nats=interval(loss),
        perplexity=perplexity(reference_loss + plain.value),
        perplexity_jackknife=perplexity(loss.value),
        more_answers=answers_to_settle(jackknifed),
        true_excess_nats=float(gap[first].mean()) if plays else None,
    )


def analyse_bets(columns: BetColumns, *, plays: bool) -> BetAnalysis:
    """Return the mean loss of bets, and the paired difference from the reference."""
    bets = columns.bets
    difference = interval(mean_estimate(_gaps(columns), bets.clusters))
    return BetAnalysis(
        loss_nats=interval(bets_estimate(bets)),
        offered_share=float(bets.offered.mean()),
        players=number_of(bets.clusters.player),
        reference_loss_nats=float(-columns.reference_logprob.mean()),
        difference_nats=difference,
        more_answers=answers_to_settle(difference),
        true_loss_nats=_true_loss(columns) if plays else None,
    )


def analyse_headline(
    columns: BetColumns, tail: ComparisonColumns | None, *, plays: bool
) -> HeadlineAnalysis:
    """Return the headline's loss, and its paired difference from the reference."""
    bets, judgements = columns.bets, tail.judgements if tail else None
    loss = interval(with_tail(bets_estimate(bets), bets, judgements))
    gap = with_tail(mean_estimate(_gaps(columns), bets.clusters), bets, judgements)
    difference = interval(gap)
    excess = excess_estimate(judgements, jackknife=True) if judgements else None
    return HeadlineAnalysis(
        loss_nats=loss,
        perplexity=perplexity(loss.value),
        tail_questions=number_of(judgements.question) if judgements else 0,
        tail_excess_nats=interval(excess) if excess else None,
        difference_nats=difference,
        more_answers=answers_to_settle(difference),
        true_loss_nats=_true_loss(columns) if plays else None,
    )


def analyse_tail_model(columns: BetColumns, tail: ComparisonColumns) -> TailModelAnalysis | None:
    """Return the headline with its tail by the model; None where there is too little to fit it."""
    bets, model = columns.bets, tail_model(tail.judgements)
    if model is None:
        return None
    loss = interval(with_tail_excess(bets_estimate(bets), bets, model.excess))
    gap = with_tail_excess(mean_estimate(_gaps(columns), bets.clusters), bets, model.excess)
    return TailModelAnalysis(
        loss_nats=loss,
        perplexity=perplexity(loss.value),
        tail_excess_nats=interval(model.excess),
        difference_nats=interval(gap),
        exponent=model.exponent,
        taste_nats=math.sqrt(model.taste_nats2),
        noise_nats=math.sqrt(model.noise_nats2),
    )


def _gaps(columns: BetColumns) -> FloatArray:
    return bet_losses(columns.bets) + columns.reference_logprob


def _true_loss(columns: BetColumns) -> float:
    return float(-columns.player_logprob.mean())
