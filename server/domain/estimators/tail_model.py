"""The tail's excess by a model: how a player's tail bends the reference's, and how much it varies.

The jackknife of `duels` looks at each question alone, and few rivals seldom hold the rare
words that a weak player overrates. Here all questions share one model of what is said of a rival.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

from server.domain.estimators.arrays import FloatArray, IntArray
from server.domain.estimators.duels import Judgements, excess_by_question
from server.domain.estimators.shares import inside
from server.domain.intervals.of_bets_and_duels import Estimate, Part, number_of

LEAST_QUESTIONS = 10  # with two rivals or more; fewer do not tell a slope
LEAST_REPEATS = 10  # second opinions on a pair; fewer do not tell noise
_STEP = 1e-4  # of α and of the integral, for derivatives
_ROUNDING = 1e-9


@dataclass(frozen=True)
class TailModel:
    """The tail's excess in nats, and what was fitted.

    `exponent` is α in h ∝ g^α: 1 where the player's tail is shaped as the model's, 0 where it is
    flat. `taste_nats2` is the variance of what α leaves open between words, `noise_nats2` that of
    answers to one and the same pair.
    """

    excess: Estimate
    exponent: float
    taste_nats2: float
    noise_nats2: float


@dataclass(frozen=True)
class _Rows:
    """Judgements of rivals that are not the target, (n,) each; centred within their questions.

    `question` counts the questions of all judgements from 0. `weight` is g(y)/q(y), which makes
    rivals that q drew stand for the reference's; sums are of a question's other rows.
    """

    question: IntArray
    pair: IntArray
    log_odds: FloatArray  # stated
    log_ratio: FloatArray  # the reference's
    weight: FloatArray
    others: FloatArray  # the sum of their weights: 0 where there are none
    others_squared: FloatArray  # of the squares of these


@dataclass(frozen=True)
class _Sums:
    """What the fit adds up, by question (questions,), or all questions but one each, or of all."""

    squares: FloatArray  # of centred log ratios
    products: FloatArray  # of these and centred log-odds
    odds_squares: FloatArray
    freedom: FloatArray  # rows less one, by weight
    repeat_squares: FloatArray  # of log-odds within pairs; 0 where too few pairs came twice
    repeats: FloatArray  # rows less one within pairs

    @property
    def exponent(self) -> FloatArray:
        """α, by least squares within questions."""
        return self.products / self.squares

    @property
    def noise(self) -> FloatArray:
        """The variance of answers to one pair."""
        return self.repeat_squares / np.maximum(self.repeats, 1)

    @property
    def taste(self) -> FloatArray:
        """The variance that α and noise leave open."""
        unexplained = self.odds_squares - self.exponent * self.products
        return np.maximum(unexplained / (self.freedom - 1) - self.noise, 0.0)

    def totals(self) -> _Sums:
        """Return the sums of all questions, shape (1,) each."""
        return self._mapped(lambda values: values.sum(keepdims=True))

    def without_each(self) -> _Sums:
        """Return the sums of all questions but one, for each."""
        return self._mapped(lambda values: values.sum() - values)

    def _mapped(self, change: Callable[[FloatArray], FloatArray]) -> _Sums:
        return _Sums(**{field.name: change(getattr(self, field.name)) for field in fields(self)})


def tail_model(judgements: Judgements) -> TailModel | None:
    """Return the mean excess in the tail by the model; None where there is too little to fit it.

    With Δ = ln g(x*)/g(y), Bradley and Terry's model (1952) with normal effects of the question and
    of the pair, fitted to log-odds as a mixed linear model:

        logit r = ln h(x*)/h(y) = γ + α·Δ + a_q + ε,   ε ~ N(0, s²),   so that h(y) ∝ g(y)^α·e^ε
        excess = mean_q ln E_y[ g(x*)/g(y) · h(y)/h(x*) ]
               = mean_q[ ℓ̄_q + ln E_y exp(k − k̄_q) + s²/2 ]

    where ℓ = Δ − logit r, k = (1 − α)·Δ, and y comes from g's tail. α is fitted within questions,
    where γ and a_q fall out; ℓ̄_q holds them. The integral is importance sampling with the rivals of
    all questions as draws: k less the mean of its question's n − 1 others, whose variance
    σ²_k/(n − 1) is taken off. ε is integrated as a normal. What two players say differently of one
    pair is noise, not taste, and is taken from s². A rival that is the target counts as it does in
    `duels.ratios`. Where not g drew the rivals, each counts by its weight g(y)/q(y) everywhere.

    Intervals: the influence of leaving a question out (Efron 1982), and within it ℓ − ℓ̄_q.
    Returns None with fewer than ten questions that have two rivals or more, or ratios all alike.

    Example: two rivals a question, Δ = 2 and 0, logit r = 1 and 0 everywhere: α = ½, s² = 0,
    ℓ̄ = ½, k = 1 and 0, less the other ±1: ln cosh 1 − σ²_k/2 = 0.4338 − 0.25; excess 0.6838.
    """
    _, question = np.unique(judgements.question, return_inverse=True)
    judgements = replace(judgements, question=question)
    rows = _rows(judgements)
    sums = _sums(rows, number_of(question))
    several = np.count_nonzero(sums.freedom > _ROUNDING)
    if several < LEAST_QUESTIONS or not (sums.without_each().squares > _ROUNDING).all():
        return None
    total = sums.totals()
    exponent = float(total.exponent[0])
    bent = _bent(rows, exponent, sums)
    integral = float(np.log(_mean_bent(bent)) + total.taste[0] / 2)
    excess = _excess(judgements, integral)
    slope = float((_excess(judgements, integral + _STEP) - excess).mean() / _STEP)
    moved = slope * _pseudo_values(rows, sums, exponent, bent)
    return TailModel(
        _estimate(judgements, excess, moved),
        exponent,
        float(total.taste[0]),
        float(total.noise[0]),
    )


def _rows(judgements: Judgements) -> _Rows:
    kept = ~judgements.same
    question, log_ratio = judgements.question[kept], judgements.log_ratio[kept]
    log_odds = _log_odds(judgements)[kept]
    # A pair is known by its question and by the reference's ratio, which no two rivals share.
    _, pair = np.unique(np.stack((question, log_ratio)), axis=1, return_inverse=True)
    weight = np.exp(judgements.log_weight[kept])
    alone = np.bincount(question)[question] == 1
    return _Rows(
        question=question.astype(np.int64),
        pair=pair.ravel().astype(np.int64),
        log_odds=log_odds - _means(log_odds, question, weight),
        log_ratio=log_ratio - _means(log_ratio, question, weight),
        weight=weight,
        others=np.where(alone, 0.0, _sums_of(weight, question) - weight),
        others_squared=np.where(alone, 0.0, _sums_of(weight**2, question) - weight**2),
    )


def _log_odds(judgements: Judgements) -> FloatArray:
    stated = inside(judgements.p_target)
    odds: FloatArray = np.log(stated / (1.0 - stated))
    return odds


def _sums_of(values: FloatArray, groups: IntArray) -> FloatArray:
    """Return for each row the sum of its group."""
    sums: FloatArray = np.bincount(groups, weights=values).astype(np.float64)
    of_rows: FloatArray = sums[groups]
    return of_rows


def _means(values: FloatArray, groups: IntArray, weight: FloatArray) -> FloatArray:
    """Return for each row the weighted mean of its group."""
    return _sums_of(weight * values, groups) / _sums_of(weight, groups)


def _sums(rows: _Rows, questions: int) -> _Sums:
    def added(values: FloatArray) -> FloatArray:
        sums = np.bincount(rows.question, weights=values, minlength=questions)
        return sums.astype(np.float64)

    within_pair = rows.log_odds - _means(rows.log_odds, rows.pair, np.ones(rows.pair.size))
    of_pair = np.bincount(rows.pair)[rows.pair]
    repeats = added(1 - 1 / of_pair)
    told = repeats.sum() > LEAST_REPEATS - _ROUNDING
    return _Sums(
        squares=added(rows.weight * rows.log_ratio**2),
        products=added(rows.weight * rows.log_ratio * rows.log_odds),
        odds_squares=added(rows.weight * rows.log_odds**2),
        freedom=added(rows.weight * rows.others / (rows.weight + rows.others)),
        repeat_squares=added(within_pair**2) if told else np.zeros(questions),
        repeats=repeats,
    )


def _bent(rows: _Rows, exponent: float, sums: _Sums) -> FloatArray:
    """Return each question's mean of exp(k less the others' mean − σ²_k/2(n − 1)), (questions,).

    All means are by weight, and so is n − 1: (Σw)²/Σw² of the others. A question with one row tells
    nothing of this and has NaN.
    """
    bend = 1.0 - exponent
    variance = bend**2 * sums.squares.sum() / sums.freedom.sum()
    several = rows.others > 0
    weight, others = rows.weight[several], rows.others[several]
    less_others = bend * rows.log_ratio[several] * (1 + weight / others)
    of_others = variance * rows.others_squared[several] / others**2
    grown = np.exp(less_others - of_others / 2) * weight / (weight + others)
    added = np.bincount(rows.question[several], weights=grown, minlength=sums.freedom.size)
    return np.where(sums.freedom > _ROUNDING, added, np.nan)


def _mean_bent(bent: FloatArray) -> float:
    return float(np.nanmean(bent))


def _excess(judgements: Judgements, integral: float) -> FloatArray:
    """Return each question's excess: the model's ratio for every rival but the target itself."""
    mean = np.zeros(judgements.question.size)
    kept = ~judgements.same
    log_ratio = judgements.log_ratio[kept] - _log_odds(judgements)[kept]
    weight = np.exp(judgements.log_weight[kept])
    mean[kept] = _means(log_ratio, judgements.question[kept], weight)
    even = np.full(mean.size, 0.5)
    of_same = np.where(judgements.same, judgements.log_weight, 0.0)
    smooth = replace(judgements, p_target=even, log_ratio=mean + integral, log_weight=of_same)
    return excess_by_question(smooth).jackknifed


def _pseudo_values(rows: _Rows, sums: _Sums, exponent: float, bent: FloatArray) -> FloatArray:
    """Return how far each question moves the integral, (questions,): (Q − 1)·(all − all but it).

    The part of α in `bent` is taken to first order.
    """
    step = np.log(_mean_bent(_bent(rows, exponent + _STEP, sums)) / _mean_bent(bent)) / _STEP
    without = sums.without_each()
    known = np.isfinite(bent)
    mean_without = (np.nansum(bent) - np.where(known, bent, 0.0)) / (known.sum() - known)
    moved = np.log(_mean_bent(bent) / mean_without)
    moved += step * (exponent - without.exponent)
    moved += (sums.totals().taste - without.taste) / 2
    pseudo: FloatArray = (bent.size - 1) * moved
    return pseudo


def _estimate(judgements: Judgements, excess: FloatArray, moved: FloatArray) -> Estimate:
    """Return the mean over questions, with what each judgement contributes to it."""
    question, kept = judgements.question, ~judgements.same
    log_ratio = judgements.log_ratio[kept] - _log_odds(judgements)[kept]
    own = np.zeros(question.size)
    by_weight = np.exp(judgements.log_weight[kept])
    own[kept] = log_ratio - _means(log_ratio, question[kept], by_weight)
    own[kept] *= by_weight / _means(by_weight, question[kept], np.ones(by_weight.size))
    weights = 1 / (np.bincount(question)[question] * excess.size)
    of_question = excess - excess.mean() + moved - moved.mean()
    contributions = (of_question[question] + own) * weights
    part = Part(contributions - weights * contributions.sum(), weights, judgements.clusters)
    return Estimate(float(excess.mean()), (part,), int(question.size))
