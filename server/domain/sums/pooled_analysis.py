"""What is said of bets, comparisons and tries, from their sums: the same as from their rows.

Each estimate is the one of `bets`, `comparisons` or `tries`; its weights are what a cluster
contributes to it for each number that its answers add (see `contributions`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from server.domain.estimators.accuracy import Interval
from server.domain.estimators.estimates import answers_to_settle_mean
from server.domain.estimators.perplexity import perplexity
from server.domain.estimators.tries import lower_bound_terms
from server.domain.study.guess_analysis import TriesAnalysis
from server.domain.study.loss_analysis import BetAnalysis, ComparisonAnalysis, HeadlineAnalysis
from server.domain.sums.contributions import (
    HEAD,
    OUTCOME_NAMES,
    OUTCOMES,
    QUESTIONS,
    TRIED,
    WHOLE,
    Head,
    Questions,
    Whole,
)
from server.domain.sums.pools import ClusterKind, Pool, Weights, pool_of
from server.domain.sums.whole_numbers import Sums, real

_QUANTUM = real(1)


@dataclass(frozen=True)
class Losses:
    """What is said of one model and unit; None stands for what nobody played."""

    comparisons: ComparisonAnalysis | None
    bets: BetAnalysis | None
    headline: HeadlineAnalysis | None
    tries: TriesAnalysis | None


def pooled_losses(sums: Sums, model_id: int, unit: str, model: str, vocabulary: int) -> Losses:
    """Return all estimates of one model and unit; `model` is what it is called."""
    head = pool_of(sums, HEAD, Head._fields, model_id, unit)
    whole = pool_of(sums, WHOLE, Whole._fields, model_id, unit)
    tried = pool_of(sums, TRIED, OUTCOME_NAMES, model_id, unit)
    some_bets = head if head and head.total("bets") else None
    tail = Questions(*sums.get((QUESTIONS, HEAD, model_id, unit), (0, 0, 0, 0)))
    judged = Questions(*sums.get((QUESTIONS, WHOLE, model_id, unit), (0, 0, 0, 0)))
    return Losses(
        comparisons=_comparisons(whole, judged, model) if whole else None,
        bets=_bets(some_bets) if some_bets else None,
        headline=_headline(some_bets, tail) if some_bets else None,
        tries=_tries(tried, vocabulary) if tried else None,
    )


def _mean_weights(pool: Pool, count: str, *fields: str) -> tuple[Fraction, dict[str, Fraction]]:
    """Return the mean of some nats, added, over what `count` counts, and its weights.

    A cluster contributes (Σ x − x̄·n_c)/n.
    """
    n = pool.total(count)
    mean = real(sum(pool.total(field) for field in fields)) / n
    return mean, {count: -mean / n} | dict.fromkeys(fields, _QUANTUM / n)


def _bets(pool: Pool) -> BetAnalysis:
    n = pool.total("bets")
    loss, loss_weights = _mean_weights(pool, "bets", "loss")
    gap, gap_weights = _mean_weights(pool, "bets", "loss", "logprob")
    difference = pool.interval(gap, gap_weights, n, "bets")
    return BetAnalysis(
        loss_nats=pool.interval(loss, loss_weights, n, "bets"),
        offered_share=1 - pool.total("missed") / n,
        players=pool.clusters(ClusterKind.PLAYER, "bets"),
        reference_loss_nats=float(-real(pool.total("logprob")) / n),
        difference_nats=difference,
        more_answers=answers_to_settle_mean(difference),
        true_loss_nats=None,
    )


def _headline(pool: Pool, tail: Questions) -> HeadlineAnalysis:
    loss = _with_tail(pool, tail, *_mean_weights(pool, "bets", "loss"))
    difference = _with_tail(pool, tail, *_mean_weights(pool, "bets", "loss", "logprob"))
    return HeadlineAnalysis(
        loss_nats=loss,
        perplexity=perplexity(loss.value),
        tail_questions=tail.questions,
        tail_excess_nats=_tail_excess(pool, tail) if tail.questions else None,
        difference_nats=difference,
        more_answers=answers_to_settle_mean(difference),
        true_loss_nats=None,
    )


def _with_tail(pool: Pool, tail: Questions, head: Fraction, weights: Weights) -> Interval:
    """Return θ = head + s·J̄ with s the share of bets whose target was not offered.

    First-order: beside the head's own, a bet contributes J̄·(missed − s)/n and a judgement s times
    what it contributes to J̄, the mean over questions (see `bets.with_tail`).
    """
    bets = pool.total("bets")
    if not tail.questions:
        return pool.interval(head, weights, bets)
    excess = real(tail.jackknifed) / tail.questions
    missed = Fraction(pool.total("missed"), bets)
    both = dict(weights) | {
        "bets": weights["bets"] - excess * missed / bets,
        "missed": excess / bets,
    }
    both |= {name: missed * w for name, w in _excess_weights(excess, tail.questions).items()}
    return pool.interval(head + missed * excess, both, bets + pool.total("judgements"))


def _tail_excess(pool: Pool, tail: Questions) -> Interval:
    excess = real(tail.jackknifed) / tail.questions
    weights = _excess_weights(excess, tail.questions)
    return pool.interval(excess, weights, pool.total("judgements"), "judgements")


def _excess_weights(excess: Fraction, questions: int) -> dict[str, Fraction]:
    """Weigh judgements, each [T_q − T̄ + relative] / (n_q·questions)."""
    return {"excess": _QUANTUM / questions, "share": -excess * _QUANTUM / questions}


def _comparisons(pool: Pool, judged: Questions, reference: str) -> ComparisonAnalysis:
    def estimate(*fields: str) -> Interval:
        mean = real(sum(getattr(judged, field) for field in fields)) / judged.questions
        weights = dict.fromkeys((*fields, "relative"), _QUANTUM / judged.questions)
        weights |= {"share": -mean * _QUANTUM / judged.questions}
        return pool.interval(mean, weights, judgements)

    judgements = pool.total("judgements")
    plain, jackknifed = estimate("plain"), estimate("jackknifed")
    loss = estimate("jackknifed", "loss")
    reference_loss = float(real(judged.loss) / judged.questions)
    return ComparisonAnalysis(
        questions=judged.questions,
        judgements=judgements,
        players=pool.clusters(ClusterKind.PLAYER),
        reference=reference,
        reference_loss_nats=reference_loss,
        excess_nats=plain,
        excess_jackknife_nats=jackknifed,
        loss_jackknife_nats=loss,
        perplexity=perplexity(reference_loss + plain.value),
        perplexity_jackknife=perplexity(loss.value),
        more_answers=answers_to_settle_mean(jackknifed),
        true_excess_nats=None,
    )


def _tries(pool: Pool, vocabulary: int) -> TriesAnalysis:
    """Weigh outcomes by what `tries.tries_bounds` gives each."""
    n = sum(pool.totals)
    made = [number for (_, number), count in zip(OUTCOMES, pool.totals, strict=True) if count]
    counts = [0] * (max(made) + 1)
    for (solved_at, _), count in zip(OUTCOMES, pool.totals, strict=True):
        if count:
            counts[solved_at] += count
    beyond = math.log(vocabulary - max(made))
    ranks = np.array([at or number + 1 for at, number in OUTCOMES], dtype=np.float64)
    upper = [
        -math.log(counts[at] / n) + (0.0 if at else beyond) if count else 0.0
        for (at, _), count in zip(OUTCOMES, pool.totals, strict=True)
    ]
    return TriesAnalysis(
        positions=n,
        solved=[count / n for count in counts[1:]],
        unsolved=counts[0] / n,
        lower_nats=_mean_of_outcomes(pool, lower_bound_terms(ranks).tolist(), n),
        upper_nats=_mean_of_outcomes(pool, upper, n),
    )


def _mean_of_outcomes(pool: Pool, values: list[float], n: int) -> Interval:
    exact = [Fraction(value) for value in values]
    total = sum((v * count for v, count in zip(exact, pool.totals, strict=True)), Fraction(0))
    mean = total / n
    weights = {name: (value - mean) / n for name, value in zip(pool.fields, exact, strict=True)}
    return pool.interval(mean, weights, n)
