"""What single bets, judgements and tried positions add to the sums that estimates are made from.

Nats and ratios are whole numbers of 2⁻⁵⁰ (see `whole_numbers.fixed`); the rest are counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from server.domain.estimators.arrays import FloatArray
from server.domain.estimators.bets import bet_losses
from server.domain.estimators.duels import excess_by_question, ratios
from server.domain.estimators.tries import Tries
from server.domain.play.rounds import MOST_TRIES
from server.domain.study.columns import BetColumns, ComparisonColumns
from server.domain.sums.whole_numbers import Numbers, fixed

HEAD, WHOLE, TRIED = "head", "whole", "tried"  # blocks: what is analysed together
QUESTIONS = "questions"


class Head(NamedTuple):
    """A bet's numbers and a tail judgement's, in one, since the headline needs their products.

    Of n judgements at its question, one adds 1/n to `share` and (J + relative)/n to `excess`: J is
    the question's jackknifed excess, relative is ratio / mean ratio − 1.
    """

    bets: int = 0
    loss: int = 0
    logprob: int = 0
    missed: int = 0  # bets whose target was not offered
    judgements: int = 0
    excess: int = 0
    share: int = 0


class Whole(NamedTuple):
    """A judgement's numbers where rivals come from the whole distribution, each divided by n."""

    judgements: int
    plain: int
    jackknifed: int
    loss: int  # of the generator at the target
    relative: int
    share: int


class Questions(NamedTuple):
    """What one question adds: itself, its excess both ways, and the generator's loss."""

    questions: int
    plain: int
    jackknifed: int
    loss: int


@dataclass(frozen=True)
class Judged:
    """What each judgement adds, and what each question adds, in the order of their codes."""

    each: list[Whole]
    questions: list[Questions]


# How a tried position can end: solved at a try, or unsolved after some.
OUTCOMES = (
    *((solved_at, solved_at) for solved_at in range(1, MOST_TRIES + 1)),
    *((0, made) for made in range(MOST_TRIES + 1)),
)
OUTCOME_NAMES = tuple(f"solved {at}" if at else f"unsolved {made}" for at, made in OUTCOMES)


def bet_contributions(columns: BetColumns) -> list[Head]:
    """Return what each bet adds."""
    return [
        Head(bets=1, loss=fixed(loss), logprob=fixed(logprob), missed=int(not offered))
        for loss, logprob, offered in zip(
            bet_losses(columns.bets).tolist(),
            columns.reference_logprob.tolist(),
            columns.bets.offered.tolist(),
            strict=True,
        )
    ]


def judged_contributions(columns: ComparisonColumns) -> Judged:
    """Return what each judgement and each question adds; all of a question must be there.

    The rivals' generator is the reference.
    """
    judgements = columns.judgements
    excess = excess_by_question(judgements)
    _, first, code = np.unique(judgements.question, return_index=True, return_inverse=True)
    n = excess.judgements[code]
    relative = ratios(judgements) / np.exp(excess.plain)[code] - 1.0
    loss = -columns.generator_logprob
    ones = np.ones_like(relative)
    parts = (excess.plain[code], excess.jackknifed[code], loss, relative, ones)
    judged = _fixed([part / n for part in parts])
    questions = _fixed([excess.plain, excess.jackknifed, loss[first]])
    return Judged(
        [Whole(1, *numbers) for numbers in judged],
        [Questions(1, *numbers) for numbers in questions],
    )


def tail_contribution(judgement: Whole) -> Head:
    """Return what a judgement of a rival from the tail adds."""
    excess = judgement.jackknifed + judgement.relative
    return Head(judgements=1, excess=excess, share=judgement.share)


def tried_contributions(tries: Tries) -> list[Numbers]:
    """Return what each tried position adds: a 1 at its outcome."""
    made = np.where(tries.solved_at > 0, tries.solved_at, tries.tries)
    outcomes = zip(tries.solved_at.tolist(), made.tolist(), strict=True)
    return [tuple(int(outcome == known) for known in OUTCOMES) for outcome in outcomes]


def _fixed(columns: list[FloatArray]) -> list[Numbers]:
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [tuple(fixed(value) for value in row) for row in rows]
