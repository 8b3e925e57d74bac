"""Losses from comparisons: how well does the target fit, against a rival that was drawn?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from server.domain.estimators.arrays import BoolArray, FloatArray, IntArray
from server.domain.estimators.shares import inside
from server.domain.intervals.clusters import Clusters
from server.domain.intervals.of_bets_and_duels import Estimate, Part


@dataclass(frozen=True)
class Judgements:
    """Judgements as columns, shape (n,) each; the reference's rivals, or another draw's.

    `question` codes say which judgements share a target; `p_target` is the stated share;
    `log_ratio` is ln g(target) − ln g(rival) in nats; `log_weight` is ln g(rival) − ln q(rival)
    where q drew it, scaled to g's mass: 0 where g itself did; `same` marks a rival that is the
    target.
    """

    question: IntArray
    p_target: FloatArray
    log_ratio: FloatArray
    log_weight: FloatArray
    same: BoolArray
    clusters: Clusters


@dataclass(frozen=True)
class QuestionExcess:
    """For each question, in the order of their codes: excess in nats, shape (questions,)."""

    plain: FloatArray
    jackknifed: FloatArray
    judgements: IntArray


def ratios(judgements: Judgements) -> FloatArray:
    """Return g(x*)/q(x_i) · (1 − r_i)/r_i for each judgement, shape (n,).

    The mean over rivals drawn from q is g(x*)/h(x*), since (1 − r)/r is h(x_i)/h(x*) where h is the
    player's distribution: so the question must ask how well both fit, whatever drew them. A rival
    equal to the target has even odds. A stated 0 or 1 is read as 0.001 or 0.999. Source: arXiv
    2212.11281 for q = g; importance sampling (Kahn, Marshall 1953) for another q.

    Example: g gives the target 6 % and the rival 2 %, q draws the rival in 4 %, and the target's
    share is 80 %: 0.06/0.04 · 0.2/0.8 = 0.375.
    """
    stated = inside(judgements.p_target)
    odds_against = np.where(judgements.same, 1.0, (1.0 - stated) / stated)
    log_ratio = np.where(judgements.same, 0.0, judgements.log_ratio)
    return np.exp(log_ratio + judgements.log_weight) * odds_against


def excess_by_question(judgements: Judgements) -> QuestionExcess:
    """Return each question's ln(mean ratio), plain and jackknifed.

    The logarithm of a mean of n is biased low by about variance/2n; the jackknife removes that
    order: J = n·T − (n − 1)·mean_i T₍₋ᵢ₎, where T₍₋ᵢ₎ leaves out judgement i (Quenouille 1956). A
    question with one judgement keeps its plain value.

    Example: ratios 1 and 3 give T = ln 2; without either, ln 3 and 0, so that
    J = 2·ln 2 − (ln 3 + 0)/2 = 0.8370.
    """
    ratio, first, inverse, count = _sorted_by_question(judgements)
    total = np.add.reduceat(ratio, first)
    plain = np.log(total / count)
    others = _without_each(ratio, total, first, inverse)
    several = count[inverse] > 1
    without = np.log(np.where(several, others, 1.0) / np.maximum(count[inverse] - 1, 1))
    mean_without = np.add.reduceat(without, first) / count
    jackknifed = np.where(count > 1, count * plain - (count - 1) * mean_without, plain)
    return QuestionExcess(plain, jackknifed, count)


def excess_estimate(
    judgements: Judgements, *, jackknife: bool, offset: FloatArray | None = None
) -> Estimate:
    """Return the mean excess over the generator in nats, every question counting equally.

    `offset`, shape (n,), is added to each question's excess and is the same for all its judgements:
    the generator's loss turns the excess into the player's loss.

    Judgement i of question q contributes [T_q − T̄ + ratio_i/mean ratio_q − 1] / (n_q·questions): by
    place this adds up to the questions' own deviations, by player to what the players share.
    Raises ValueError where there is no judgement.
    """
    if judgements.question.size == 0:
        raise ValueError("no judgements to estimate from")
    by_question = excess_by_question(judgements)
    excess = by_question.jackknifed if jackknife else by_question.plain
    _, inverse = np.unique(judgements.question, return_inverse=True)
    if offset is not None:
        excess = excess + np.bincount(inverse, weights=offset) / by_question.judgements
    mean = float(excess.mean())
    relative = ratios(judgements) / np.exp(by_question.plain)[inverse] - 1.0
    weights = 1 / (by_question.judgements[inverse] * excess.size)
    contributions = ((excess - mean)[inverse] + relative) * weights
    part = Part(contributions, weights, judgements.clusters)
    return Estimate(mean, (part,), int(inverse.size))


def _sorted_by_question(
    judgements: Judgements,
) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """Return the ratios sorted by question, each question's first row, its code by row, and size.

    Within a question they are sorted by size: sums come out the same whatever the rows' order.
    """
    ratio = ratios(judgements)
    order = np.lexsort((ratio, judgements.question))
    _, first, inverse, count = np.unique(
        judgements.question[order], return_index=True, return_inverse=True, return_counts=True
    )
    return ratio[order], first, inverse, count


def _without_each(
    ratio: FloatArray, total: FloatArray, first: IntArray, inverse: IntArray
) -> FloatArray:
    """Return for each row the sum of its question's other ratios, without cancellation.

    subtle: only where the largest is left out can total − ratio lose its digits, so that sum is
    added up afresh; within a question the largest comes last.
    """
    last = np.append(first[1:], ratio.size) - 1
    smaller = ratio.copy()
    smaller[last] = 0.0
    others = total[inverse] - ratio
    others[last] = np.add.reduceat(smaller, first)
    return others
