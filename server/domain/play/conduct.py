"""Whose answers stay out of the statistics: rules that ask how somebody played, never how well."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LEAST_ANSWERS = 12
MOST_SKIPPED = 0.9
LEAST_MEDIAN_MS = 300


class Exclusion(StrEnum):
    """Why a player's answers are left out."""

    FLAGGED = "flagged"
    SKIPPING = "skipping"
    FAST = "fast"


@dataclass(frozen=True)
class Conduct:
    """How somebody played, by the answers that would count.

    `guesses` are first guesses in modes where a skip gives a position up, `skipped` those that
    were skips; `answers` are guesses, bets and judgements, `fast` those that took less than
    300 ms.
    """

    flagged: bool
    guesses: int
    skipped: int
    answers: int
    fast: int


def exclusion(conduct: Conduct) -> Exclusion | None:
    """Return why a player is left out; None for a player who counts.

    Left out is whom the operator flagged, who skips more than 90 % of at least 12 positions, and
    who answers in under 300 ms at the median of at least 12 answers.

    >>> exclusion(Conduct(flagged=False, guesses=24, skipped=22, answers=24, fast=0))
    <Exclusion.SKIPPING: 'skipping'>
    """
    if conduct.flagged:
        return Exclusion.FLAGGED
    if conduct.guesses >= LEAST_ANSWERS and conduct.skipped > MOST_SKIPPED * conduct.guesses:
        return Exclusion.SKIPPING
    if conduct.answers >= LEAST_ANSWERS and 2 * conduct.fast > conduct.answers:
        return Exclusion.FAST
    return None
