"""What a model player states, exactly or rounded to the steps that the pages offer."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from server.domain.estimators.arrays import FloatArray
from server.domain.play.betting import STAKE_STEPS
from server.domain.play.duels import steps
from server.domain.scores.passage_scores import Form

_LEAST_EXACT = 1e-6  # the least that the service takes


class Answers(StrEnum):
    """How a player answers: to what is asked, exactly or not, or to what duels asked formerly.

    Noise is normal and of 1 nat: added to the log-odds of duels, and to the logarithms of all that
    a bet is spread over. To the first question, "which did the author write?", who knows that the
    reference draws the rival answers h(x)g(y) / (h(x)g(y) + h(y)g(x)); the last reads these
    answers by their density ratio.
    """

    EXACT = "exact"
    ROUNDED = "rounded"
    NOISY = "with noise"
    FIRST_QUESTION = "first question"
    DENSITY_RATIO = "first question, density ratio"

    @property
    def to_the_first_question(self) -> bool:
        """Whether duels are answered as they were asked formerly."""
        return self in (Answers.FIRST_QUESTION, Answers.DENSITY_RATIO)


AS_ASKED = (Answers.EXACT, Answers.ROUNDED)  # what is played through the service
NOISE_NATS = 1.0


def noise(answers: Answers, shape: tuple[int, ...], seed: int) -> FloatArray:
    """Return what is added to what a player thinks, in nats: nothing, unless it is noisy."""
    if answers is not Answers.NOISY:
        return np.zeros(shape)
    drawn: FloatArray = np.random.default_rng(seed).normal(0.0, NOISE_NATS, shape)
    return drawn


def blurred(logprob: FloatArray, noise_nats: FloatArray) -> FloatArray:
    """Return noisy log-probabilities of what is offered, (n, options), that leave as much or less.

    `noise_nats` is (n, options + 1): the last is that of "something else".
    """
    rest = np.log(np.maximum(1 - np.exp(logprob).sum(axis=1, keepdims=True), _LEAST_EXACT))
    shifted = np.concatenate((logprob, rest), axis=1) + noise_nats
    scaled: FloatArray = shifted - np.logaddexp.reduce(shifted, axis=1, keepdims=True)
    return scaled[:, :-1]


def stakes(logprob: FloatArray, answers: Answers) -> FloatArray:
    """Return shares for log-probabilities of what is offered, both (n, options).

    The rest of 1 is on "something else". Rounded shares are the steps nearest in ratio; where they
    leave less than the smallest step, the largest stakes are lowered until that much is left.
    """
    if answers is not Answers.ROUNDED:
        held = np.maximum(np.exp(logprob), _LEAST_EXACT)
        over = held.sum(axis=1, keepdims=True) / (1 - 2 * _LEAST_EXACT)
        exact: FloatArray = held / np.maximum(over, 1.0)
        return exact
    step = np.array(STAKE_STEPS)
    level = np.searchsorted(np.log(step[1:] * step[:-1]) / 2, logprob)
    rows = np.arange(len(level))
    while (full := step[level].sum(axis=1) > 1 - step[0] + 1e-9).any():
        largest = level.argmax(axis=1)
        level[rows, largest] -= full
    return step[level]


def first_share(log_odds: FloatArray, form: Form, answers: Answers) -> FloatArray:
    """Return the share of the first of two words, for ln h(first) − ln h(second), shape (n,).

    Rounded shares are the steps nearest in log-odds.
    """
    if answers is not Answers.ROUNDED:
        exact: FloatArray = np.clip(1 / (1 + np.exp(-log_odds)), _LEAST_EXACT, 1 - _LEAST_EXACT)
        return exact
    step = np.array(steps(form))
    odds = np.log(step / (1 - step))
    return step[np.searchsorted((odds[1:] + odds[:-1]) / 2, log_odds)]


def best_words(logprob: FloatArray, count: int) -> Sequence[int]:
    """Return the numbers of the likeliest words, (words,) -> best first."""
    return [int(word) for word in np.argsort(-logprob, kind="stable")[:count]]
