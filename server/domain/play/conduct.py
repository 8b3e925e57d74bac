"""Whose answers stay out of the statistics: rules that ask how somebody played, never how well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

LEAST_ANSWERS = 12
MOST_SKIPPED = 0.9
LEAST_MEDIAN_MS = 300


def is_monotonous(same: int, typed: int) -> bool:
    """Tell whether one text is most of what a player typed in a mode, of at least 12 guesses.

    Such answers are marked in exports, but they count: somebody may believe in "the".

    >>> is_monotonous(7, 12), is_monotonous(6, 12), is_monotonous(11, 11)
    (True, False, False)
    """
    return typed >= LEAST_ANSWERS and 2 * same > typed


class Exclusion(StrEnum):
    """Why answers of a player are left out: all of them, or for FAST those in some modes."""

    FLAGGED = "flagged"
    SKIPPING = "skipping"
    FAST = "fast"


@dataclass(frozen=True)
class Pace:
    """Answers in one mode (guesses, bets, judgements), and how many took less than 300 ms."""

    answers: int
    fast: int


@dataclass(frozen=True)
class Conduct:
    """How somebody played, by the answers that would count.

    `guesses` are first guesses in modes where a skip gives a position up, `skipped` those that
    were skips.
    """

    flagged: bool
    guesses: int
    skipped: int
    paces: Mapping[str, Pace]  # by mode


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
    answers: tapping through duels says nothing about guesses that were thought over.

    >>> verdict(Conduct(flagged=False, guesses=24, skipped=22, paces={})).reason
    <Exclusion.SKIPPING: 'skipping'>
    """
    if conduct.flagged:
        return Verdict(Exclusion.FLAGGED)
    if conduct.guesses >= LEAST_ANSWERS and conduct.skipped > MOST_SKIPPED * conduct.guesses:
        return Verdict(Exclusion.SKIPPING)
    too_fast = frozenset(
        mode
        for mode, pace in conduct.paces.items()
        if pace.answers >= LEAST_ANSWERS and 2 * pace.fast > pace.answers
    )
    return Verdict(Exclusion.FAST, too_fast) if too_fast else Verdict(None)
