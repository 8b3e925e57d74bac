"""People's answers at one position, taken as a distribution, from few of them.

Counts of n answers say too little about what was not answered: their own entropy is too low, and
their distance from a model too large. Both are corrected here; tests simulate how far that helps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from server.domain.estimators.arrays import FloatArray, IntArray

LEAST_ANSWERS = 10


@dataclass(frozen=True)
class Distance:
    """Total variation, with the two values that it lies midway between.

    On average over many samples `low` is too low and `high` too high, whatever the distributions.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class FirstChoice:
    """How often people give their first choice, and how probable it is to the model."""

    people: float
    model: float


def coverage(counts: IntArray) -> float:
    """Return the share of people's distribution that the answers seen cover: 1 − f₁/n.

    f₁ is how many answers came once. Where all did, one of them is taken to have come twice.
    Source: Good (1953), after Turing. Raises ValueError where there is no answer, or a count is
    below 1.
    """
    _require_counts(counts)
    n, once = int(counts.sum()), int((counts == 1).sum())
    return 1 - (once - 1 if once == n and n > 1 else once) / n


def entropy_nats(counts: IntArray) -> float:
    """Return Chao and Shen's estimate of the entropy of what the answers were drawn from, in nats.

    With C the coverage and p = C·count/n, each answer counts by the chance that it was seen at all
    (Horvitz and Thompson): −Σ p ln p / (1 − (1 − p)ⁿ). Source: Chao and Shen (2003). Example: for
    3 and 1, C = 3/4, p = 9/16 and 3/16, and 0.3359 + 0.5564 = 0.8923; the plain entropy is 0.5623.
    Raises ValueError as `coverage` does.
    """
    n = int(counts.sum())
    p = coverage(counts) * counts / n
    if n == 1:
        return 0.0
    # -expm1(n·log1p(-p)) is 1 - (1-p)^n; where p is 1, everything was seen.
    with np.errstate(divide="ignore"):
        seen = -np.expm1(n * np.log1p(-p))
    return max(0.0, float(-(p * np.log(p) / seen).sum()))


def total_variation(counts: IntArray, model: FloatArray) -> Distance:
    """Return how far people's distribution h is from the model's g: max over sets A of h(A) − g(A).

    `model` has g of each different answer: what nobody answered adds nothing to Σ max(0, h − g).
    The plain value, h taken as count/n, is too high (Jensen). Choosing A by all answers but one,
    and asking whether that one lies in it, is right for that A on average, which is at most the
    maximum: too low. The estimate is the middle of both, and not below 0. In the tests' simulations
    of 10 to 40 answers it is off by less than 0.06 where the plain value is off by up to 0.32.

    Raises ValueError as `coverage` does, and for fewer than two answers.
    """
    _require_counts(counts)
    n = int(counts.sum())
    if n < 2:
        raise ValueError("one answer is not a distribution")
    high = float(np.maximum(counts / n - model, 0).sum())
    chosen = counts > (n - 1) * model
    still = counts - 1 > (n - 1) * model  # chosen by the others, when one such answer is left out
    mass = model[chosen].sum() - np.where(chosen & ~still, model, 0)
    low = float((counts * (still - mass)).sum() / n)
    return Distance(max(0.0, (low + high) / 2), low, high)


def first_choice(counts: IntArray, model: FloatArray) -> FirstChoice:
    """Return how often people give the answer that most others give, and g of that answer.

    The commonest answer's own share is too high, because it was chosen for being large. So each
    answer is compared with the commonest of the others; where several tie, each counts in part.
    Raises as `total_variation` does.
    """
    _require_counts(counts)
    n = int(counts.sum())
    if n < 2:
        raise ValueError("one answer is not a distribution")
    people = probability = 0.0
    for answer, count in enumerate(counts):
        others = counts.copy()
        others[answer] -= 1
        best = others == others.max()
        people += count * best[answer] / best.sum()
        probability += count * float(model[best].mean())
    return FirstChoice(float(people / n), float(probability / n))


def _require_counts(counts: IntArray) -> None:
    if counts.size == 0 or int(counts.min()) < 1:
        raise ValueError("counts are of answers that were given")
