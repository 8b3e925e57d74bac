"""A player's ability at guessing, whichever words they met: how often right, given how hard.

A dozen words may be easy or hard. What the model loses at a word, and how unsure it was there, say
which; a player's share right is held against what others have at words as hard, and shrunken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from server.domain.estimators.accuracy import Z_95, Interval
from server.domain.estimators.arrays import FloatArray

# How hard a place is, in logits: of the study of 2022, where its words were scored by SmolLM2.
PER_ROOT_OF_LOSS, PER_NAT_OF_ENTROPY = 1.7, 0.06
# Places are told apart by eight grades of hardness, which the sums count.
GRADE_EDGES = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
GRADE_HARDNESS = np.array([0.3, 0.75, 1.25, 1.75, 2.25, 2.75, 3.5, 5.0])
GRADES = len(GRADE_HARDNESS)
DEFAULT_EASE, DEFAULT_SLOPE = 1.8, 1.0  # logit of a share right: ease − slope·hardness
_ANSWERS_FOR_THE_CURVE = 100.0  # what the default of ease and slope is worth
# Variances, in the square of logits, of players and of a player's passages; the study has .21 and
# .05 where tokens are guessed, .00 and .18 where words are, from 38 players.
DEFAULT_BETWEEN, DEFAULT_PASSAGE = 0.12, 0.08
_PLAYERS_FOR_THE_DEFAULT = 5.0
_LEAST_BETWEEN = 0.01  # nobody believes that all players are alike
_STEPS, _CONVERGED = 60, 1e-10
_LONGEST_STEP = 1.0  # in logits


@dataclass(frozen=True)
class Curve:
    """How often people are right at each grade: logit p = ease − slope·hardness."""

    ease: float
    slope: float

    @property
    def logits(self) -> FloatArray:
        """Logits of the share right by grade, shape (grades,)."""
        return self.ease - self.slope * GRADE_HARDNESS

    @property
    def shares(self) -> FloatArray:
        """Shares right by grade, shape (grades,)."""
        return _logistic(self.logits)


@dataclass(frozen=True)
class SiteAbility:
    """How people guess against one model: by grade, and how much players and passages differ.

    `between` and `passage` are variances in the square of logits; `grades` is the share of all
    guesses at each grade, shape (grades,).
    """

    curve: Curve
    between: float
    passage: float
    grades: FloatArray


@dataclass(frozen=True)
class Tally:
    """One player's guesses by grade, shape (grades,) each, and how they divide over passages.

    `passage_squares` is Σ n_p² over the passages, n_p being the guesses in one.
    """

    right: FloatArray
    guesses: FloatArray
    passage_squares: float


@dataclass(frozen=True)
class Ability:
    """A player's ability: `logit` above (or below) all players', and the share right it means.

    The share is what the player would have right on words as everybody meets.
    """

    logit: Interval
    accuracy: Interval


def hardness(loss_nats: float, entropy_nats: float) -> float:
    """Return how hard a place is, in logits, from the model's loss and entropy there, in nats.

    1.7·√loss + 0.06·entropy: on the study's guesses the root of the loss fits better than the loss
    itself, by 0.015 nats an answer, and leaves little to the entropy.
    """
    return PER_ROOT_OF_LOSS * math.sqrt(loss_nats) + PER_NAT_OF_ENTROPY * entropy_nats


def grade(loss_nats: float, entropy_nats: float) -> int:
    """Return the grade of hardness of a place, 0 to 7.

    >>> grade(0.0, 1.0), grade(2.3, 4.0), grade(12.0, 6.0)
    (0, 5, 7)
    """
    return int(np.searchsorted(GRADE_EDGES, hardness(loss_nats, entropy_nats), side="right"))


def fit_curve(right: FloatArray, guesses: FloatArray) -> Curve:
    """Return how the share right falls with hardness, from all guesses by grade, (grades,) each.

    Logistic regression, shrunk towards the default as if by 100 guesses that follow it.
    """
    default = Curve(DEFAULT_EASE, DEFAULT_SLOPE)
    prior = np.full(GRADES, _ANSWERS_FOR_THE_CURVE / GRADES)
    n, k = guesses + prior, right + prior * default.shares
    found = np.array([default.ease, default.slope])
    columns = np.stack((np.ones(GRADES), -GRADE_HARDNESS), axis=1)

    def likelihood(curve: FloatArray) -> float:
        logits = columns @ curve
        return float(k @ logits - n @ np.logaddexp(0.0, logits))

    for _ in range(_STEPS):
        shares = _logistic(columns @ found)
        information = (columns * (n * shares * (1 - shares))[:, None]).T @ columns
        step = np.linalg.solve(information, columns.T @ (k - n * shares))
        # Newton's step may go too far where guesses hardly follow a curve: then less of it.
        while likelihood(found + step) < likelihood(found) and np.abs(step).max() > _CONVERGED:
            step = step / 2
        found = found + step
        if np.abs(step).max() < _CONVERGED:
            break
    return Curve(float(found[0]), float(found[1]))


def fit_between(
    surplus_squares: tuple[float, float], information: float, squares: tuple[float, float], n: int
) -> tuple[float, float]:
    """Return the variances of players and of a player's passages, from sums over clusters.

    With S = Σ(y − p) of a cluster's guesses and I = Σ p(1 − p), to first order

        Σ_players S² = ΣI + σ²_u·Σ_players I² + σ²_v·Σ_passages I²
        Σ_passages S² = ΣI + (σ²_u + σ²_v)·Σ_passages I²,

    where a passage is one player's there. `surplus_squares` holds both sums of S², `squares` those
    of I², `information` is ΣI, `n` the number of players. Each variance is shrunk towards its
    default, which counts as five players do.
    """
    by_player, by_passage = squares
    excess = [found - information for found in surplus_squares]
    weight = _PLAYERS_FOR_THE_DEFAULT / n
    of_passage = _shrunk(
        excess[1] - excess[0] * by_passage / by_player,
        by_passage * (1 - by_passage / by_player),
        DEFAULT_PASSAGE,
        weight * by_passage,
    )
    of_player = _shrunk(
        excess[0] - of_passage * by_passage, by_player, DEFAULT_BETWEEN, weight * by_player
    )
    return max(of_player, _LEAST_BETWEEN), max(of_passage, 0.0)


def _shrunk(shown: float, scale: float, default: float, worth: float) -> float:
    return (shown + worth * default) / (scale + worth)


def abilities(site: SiteAbility, tallies: Sequence[Tally]) -> list[Ability]:
    """Return each player's ability with its 95 % interval.

    θ maximises the posterior of logit p = ease − slope·hardness + θ with θ ~ N(0, σ²_u). A player's
    guesses in one passage are alike, so they are worth 1/(1 + σ²_v·Σ_passages I²/I) of their
    number. With I(θ) the information of what they are worth, θ ± 1.96/√(I + 1/σ²_u). Source: Rasch
    (1960) with known difficulties; empirical Bayes, Efron and Morris (1973).

    Example: 12 guesses at grade 5 (hardness 2.75), ease 1.8, slope 1: p = .279. Six right, where
    σ²_u = .12 and σ²_v = 0, give
    0.24 ± 0.59; all of them at that grade, 33.1 % right (21.5 to 47.1 %) in place of 27.9.
    """
    if not tallies:
        return []
    right = np.stack([tally.right for tally in tallies])
    guesses = np.stack([tally.guesses for tally in tallies])
    squares = np.array([tally.passage_squares for tally in tallies])
    logits = site.curve.logits
    worth = _worth(site, guesses, squares)
    theta = np.zeros(len(tallies))
    for _ in range(_STEPS):
        shares = _logistic(logits + theta[:, None])
        slope = worth * (right - guesses * shares).sum(axis=1) - theta / site.between
        curvature = worth * (guesses * shares * (1 - shares)).sum(axis=1) + 1 / site.between
        step = np.clip(slope / curvature, -_LONGEST_STEP, _LONGEST_STEP)
        theta = theta + step
        if np.abs(step).max() < _CONVERGED:
            break
    half = Z_95 / np.sqrt(curvature)
    bounds = np.stack((theta, theta - half, theta + half), axis=1)
    shares_right = _logistic(logits + bounds[:, :, None]) @ site.grades
    counts = guesses.sum(axis=1).astype(int).tolist()
    rows = zip(bounds.tolist(), shares_right.tolist(), counts, strict=True)
    return [Ability(_interval(logit, n), _interval(share, n)) for logit, share, n in rows]


def _interval(bounds: Sequence[float], n: int) -> Interval:
    value, low, high = bounds
    return Interval(value, low, high, n)


def _worth(site: SiteAbility, guesses: FloatArray, squares: FloatArray) -> FloatArray:
    """Return what part of a player's guesses count as independent, shape (players,).

    Σ_passages I² is taken as I²·Σn_p²/n²: as if passages were alike in hardness.
    """
    shares = site.curve.shares
    information = guesses @ (shares * (1 - shares))
    n = np.maximum(guesses.sum(axis=1), 1.0)
    alike: FloatArray = 1 / (1 + site.passage * information * squares / n**2)
    return alike


def _logistic(logits: FloatArray) -> FloatArray:
    shares: FloatArray = (1 + np.tanh(logits / 2)) / 2
    return shares
