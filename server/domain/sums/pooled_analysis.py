"""Estimates from the sums of bets, comparisons and tries: the same as from their rows.

Each estimate is the one of `bets`, `duels` or `tries`; its weights are what a cluster
contributes to it for each number that its answers add (see `contributions`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from server.domain.estimators.ability import PAIRED_LOSS_NATS, PairedLosses, drawn_slope
from server.domain.estimators.accuracy import Interval
from server.domain.estimators.perplexity import perplexity
from server.domain.estimators.tries import lower_bound_terms
from server.domain.intervals.clusters import ClusterKind
from server.domain.intervals.of_means_and_shares import answers_to_settle
from server.domain.intervals.variance_components import fit_components
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
from server.domain.sums.pools import Pool, PoolPart, pool_of
from server.domain.sums.whole_numbers import Sums, real

_QUANTUM = real(1)
_PERSON = {"loss": _QUANTUM}
_MODEL = {"logprob": -_QUANTUM}


@dataclass(frozen=True)
class Losses:
    """The estimates of one model and unit; None stands for what nobody played."""

    comparisons: ComparisonAnalysis | None
    bets: BetAnalysis | None
    headline: HeadlineAnalysis | None
    tries: TriesAnalysis | None


def pooled_losses(sums: Sums, model_id: int, unit: str, model: str, vocabulary: int) -> Losses:
    """Return all estimates of one model and unit; `model` is its name."""
    head = pool_of(sums, HEAD, Head._fields, model_id, unit)
    whole = pool_of(sums, WHOLE, Whole._fields, model_id, unit)
    tried = pool_of(sums, TRIED, OUTCOME_NAMES, model_id, unit)
    bets = head if head and head.total("bets") else None
    tail = Questions(*sums.get((QUESTIONS, HEAD, model_id, unit), (0, 0, 0, 0)))
    judged = Questions(*sums.get((QUESTIONS, WHOLE, model_id, unit), (0, 0, 0, 0)))
    return Losses(
        comparisons=_comparisons(whole, judged, model) if whole else None,
        bets=_bets(bets) if bets else None,
        headline=_headline(bets, tail) if bets else None,
        tries=_tries(tried, vocabulary) if tried else None,
    )


def _mean_of_bets(pool: Pool, *fields: str) -> tuple[Fraction, PoolPart]:
    """Return the mean over bets of some nats, added, and what bets contribute: (x − x̄)/n."""
    n = pool.total("bets")
    mean = real(sum(pool.total(field) for field in fields)) / n
    contributions = {"bets": -mean / n} | dict.fromkeys(fields, _QUANTUM / n)
    return mean, PoolPart(contributions, {"bets": Fraction(1, n)})


def _bets(pool: Pool) -> BetAnalysis:
    n = pool.total("bets")
    loss, of_loss = _mean_of_bets(pool, "loss")
    gap, of_gap = _mean_of_bets(pool, "loss", "logprob")
    difference = pool.interval(gap, n, of_gap)
    return BetAnalysis(
        loss_nats=pool.interval(loss, n, of_loss),
        offered_share=1 - pool.total("missed") / n,
        players=pool.clusters(ClusterKind.PLAYER, "bets"),
        reference_loss_nats=float(-real(pool.total("logprob")) / n),
        difference_nats=difference,
        more_answers=answers_to_settle(difference),
        true_loss_nats=None,
    )


def _headline(pool: Pool, tail: Questions) -> HeadlineAnalysis:
    loss = _with_tail(pool, tail, *_mean_of_bets(pool, "loss"))
    difference = _with_tail(pool, tail, *_mean_of_bets(pool, "loss", "logprob"))
    return HeadlineAnalysis(
        loss_nats=loss,
        perplexity=perplexity(loss.value),
        tail_questions=tail.questions,
        tail_excess_nats=_tail_excess(pool, tail) if tail.questions else None,
        difference_nats=difference,
        more_answers=answers_to_settle(difference),
        true_loss_nats=None,
    )


def _with_tail(pool: Pool, tail: Questions, head: Fraction, of_bets: PoolPart) -> Interval:
    """Return θ = head + s·J̄ with s the share of bets whose target was not offered.

    First-order: beside the head's own, a bet contributes J̄·(missed − s)/n and a judgement s times
    what it contributes to J̄, the mean over questions (see `bets.with_tail`).
    """
    bets = pool.total("bets")
    if not tail.questions:
        return pool.interval(head, bets, of_bets)
    excess = real(tail.jackknifed) / tail.questions
    missed = Fraction(pool.total("missed"), bets)
    contributions = dict(of_bets.contributions) | {
        "bets": of_bets.contributions["bets"] - excess * missed / bets,
        "missed": excess / bets,
    }
    judged = _judgements(excess, tail.questions, "excess").scaled(missed)
    n = bets + pool.total("judgements")
    both = replace(of_bets, contributions=contributions)
    return pool.interval(head + missed * excess, n, both, judged)


def _tail_excess(pool: Pool, tail: Questions) -> Interval:
    excess = real(tail.jackknifed) / tail.questions
    part = _judgements(excess, tail.questions, "excess")
    return pool.interval(excess, pool.total("judgements"), part)


def _judgements(mean: Fraction, questions: int, *fields: str) -> PoolPart:
    """Weigh judgements 1/(n_q·questions); each contributes that much of [T_q − T̄ + relative]."""
    weight = _QUANTUM / questions
    contributions = dict.fromkeys(fields, weight) | {"share": -mean * weight}
    return PoolPart(contributions, {"share": weight})


def _comparisons(pool: Pool, judged: Questions, reference: str) -> ComparisonAnalysis:
    def estimate(*fields: str) -> Interval:
        mean = real(sum(getattr(judged, field) for field in fields)) / judged.questions
        part = _judgements(mean, judged.questions, *fields, "relative")
        return pool.interval(mean, judgements, part)

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
        more_answers=answers_to_settle(jackknifed),
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
    named = zip(pool.fields, exact, strict=True)
    contributions = {name: (value - mean) / n for name, value in named}
    weights = dict.fromkeys(pool.fields, Fraction(1, n))
    return pool.interval(mean, n, PoolPart(contributions, weights))


def paired_losses_from(sums: Sums, model_id: int, unit: str) -> PairedLosses | None:
    """Return how losses of bets follow one model's in one unit; None where there are no bets.

    The same as `ability.fit_paired_losses` finds from the bets themselves.
    """
    pool = pool_of(sums, HEAD, Head._fields, model_id, unit)
    if pool is None or not (n := pool.total("bets")):
        return None
    person, model = real(pool.total("loss")) / n, -real(pool.total("logprob")) / n
    spread = pool.product(ClusterKind.ANSWER, _MODEL, _MODEL) - n * model**2
    together = pool.product(ClusterKind.ANSWER, _MODEL, _PERSON) - n * model * person
    slope = drawn_slope(float(together), float(spread), n)
    exact = Fraction(slope)
    mean = person - exact * model
    contributions = {"bets": -mean / n, "loss": _QUANTUM / n, "logprob": exact * _QUANTUM / n}
    part = PoolPart(contributions, {"bets": Fraction(1, n)}, PAIRED_LOSS_NATS)
    components = fit_components(pool.squares(part), PAIRED_LOSS_NATS)
    return PairedLosses(slope, float(mean), float(model), components)
