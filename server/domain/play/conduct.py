"""Whose answers stay out of the statistics.

The rules ask how somebody played. One asks how well, and so wide that it touches only what no
reader does: answers that are copied, or nonsense.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

LEAST_ANSWERS = 12
MOST_SKIPPED = 0.9
LEAST_MEDIAN_MS = 300

# No known player is right in more than about a third of such places, nor in less than a tenth.
MOST_BELIEVED = 0.6
LEAST_BELIEVED = 0.05
OUTLYING_P = 1e-4


def is_monotonous(same: int, typed: int) -> bool:
    """Tell whether one text is most of what a player typed in a mode, of at least 12 guesses.

    Such answers are marked in exports, but they count: somebody may believe in "the".

    >>> is_monotonous(7, 12), is_monotonous(6, 12), is_monotonous(11, 11)
    (True, False, False)
    """
    return typed >= LEAST_ANSWERS and 2 * same > typed


def is_outlying(right: int, n: int) -> bool:
    """Tell whether `right` of `n` guesses is what nobody reaches by reading.

    That is: less likely than 1 in 10,000, by the binomial distribution, even for somebody who knows
    60 % of the words, or for somebody who knows 5 %. The bounds are fixed and not taken from the
    other players, so that no crowd of copies can move them.

    >>> is_outlying(18, 18), is_outlying(19, 19), is_outlying(0, 179), is_outlying(0, 180)
    (False, True, False, True)
    """
    if right > MOST_BELIEVED * n:
        return _upper_tail(right, n, MOST_BELIEVED) < OUTLYING_P
    if right < LEAST_BELIEVED * n:
        return _upper_tail(n - right, n, 1 - LEAST_BELIEVED) < OUTLYING_P
    return False


def _upper_tail(least: int, n: int, share: float) -> float:
    """Return P(X ≥ least) of a binomial X; the terms fall from the first one on."""
    log_odds = math.log(share / (1 - share))
    log_term = (
        math.lgamma(n + 1)
        - math.lgamma(least + 1)
        - math.lgamma(n - least + 1)
        + least * math.log(share)
        + (n - least) * math.log(1 - share)
    )
    total = 0.0
    for k in range(least, n + 1):
        term = math.exp(log_term)
        total += term
        if term < total * 1e-12:
            break
        if k < n:
            log_term += math.log((n - k) / (k + 1)) + log_odds
    return total


class Exclusion(StrEnum):
    """Why answers of a player are left out: all of them, or for FAST those in some modes."""

    FLAGGED = "flagged"
    SKIPPING = "skipping"
    FAST = "fast"
    OUTLYING = "outlying"


@dataclass(frozen=True)
class Pace:
    """Answers in one mode (guesses, bets, judgements), and how many took less than 300 ms."""

    answers: int
    fast: int


@dataclass(frozen=True)
class Conduct:
    """How somebody played, by the answers that would count.

    `guesses` are first guesses in modes where a skip gives a position up, `skipped` those that
    were skips. `typed` are unassisted first guesses at words that are no skips, in mode guess, and
    `right` those of them that were right.
    """

    flagged: bool
    guesses: int
    skipped: int
    paces: Mapping[str, Pace]  # by mode
    typed: int = 0
    right: int = 0


@dataclass(frozen=True)
class Verdict:
    """Which of a player's answers are left out, and why; `reason` None where all count."""

    reason: Exclusion | None
    too_fast: frozenset[str] = frozenset()  # modes

    def counts(self, mode: str) -> bool:
        """Tell whether the player's answers in a mode count."""
        if self.reason is Exclusion.FAST:
            return mode not in self.too_fast
        return self.reason is None


def verdict(conduct: Conduct) -> Verdict:
    """Return what is left out of a player's answers.

    Left out are players whom the operator flagged, who skip more than 90 % of at least 12
    positions, or, in that mode alone, who answer in under 300 ms at the median of at least 12
    answers: tapping through duels says nothing about guesses that were thought over. And those
    who are right so often, or so seldom, as no reader is, see `is_outlying`.

    >>> verdict(Conduct(flagged=False, guesses=24, skipped=22, paces={})).reason
    <Exclusion.SKIPPING: 'skipping'>
    """
    if conduct.flagged:
        return Verdict(Exclusion.FLAGGED)
    if conduct.guesses >= LEAST_ANSWERS and conduct.skipped > MOST_SKIPPED * conduct.guesses:
        return Verdict(Exclusion.SKIPPING)
    if is_outlying(conduct.right, conduct.typed):
        return Verdict(Exclusion.OUTLYING)
    too_fast = frozenset(
        mode
        for mode, pace in conduct.paces.items()
        if pace.answers >= LEAST_ANSWERS and 2 * pace.fast > pace.answers
    )
    return Verdict(Exclusion.FAST, too_fast) if too_fast else Verdict(None)
