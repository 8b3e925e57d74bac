"""The rules of a round: which positions are asked, in which order, and what is settled."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from server.domain.play.guessing import can_be_answered
from server.domain.scores.models import ModelIdentity
from server.domain.scores.passage_scores import Draw as Draw  # also known as a round's own word
from server.domain.scores.passage_scores import Floats
from server.domain.text.tokens import TokenizedText, Unit

MINIMUM_CONTEXT_TOKENS = 20
POSITIONS_PER_ROUND = 12
STRATA = 3  # of the mixed draw: easy, middle and hard words
MOST_TRIES = 5
PRACTICE_QUESTIONS = 10


class Mode(StrEnum):
    """The ways to play."""

    GUESS = "guess"
    BET = "bet"
    DUEL = "duel"
    TRIES = "tries"


def points_bits(loss_nats: float, *, right: bool) -> float:
    """Return what an answer is worth: −log2 of what the opponent gave the target, if right.

    `loss_nats` is the opponent's loss for the target under the unit's rule. A wrong answer is
    worth nothing.
    """
    return loss_nats / math.log(2) if right else 0.0


def counts_for_accuracy(mode: str, *, skipped: bool) -> bool:
    """Tell whether a first guess counts for accuracy; a skip counts as not right.

    A skip before a bet does not count at all: it gives nothing up, since the bet follows.
    """
    return not (skipped and mode == Mode.BET)


def seeded_generator(*parts: str) -> np.random.Generator:
    """Return a random generator that depends on the given texts alone."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8")).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def drawing_seed(text: str, model: ModelIdentity) -> tuple[str, str]:
    """Return the texts that seed every draw for one passage and model."""
    return (
        hashlib.sha256(text.encode("utf-8")).hexdigest(),
        f"{model.name}@{model.revision}",
    )


def shuffled_positions(text: TokenizedText, unit: Unit, seed: Sequence[str]) -> list[int]:
    """Return all positions that may be asked in `unit`, in an order that the seed decides.

    Uniform over the eligible positions after the minimum context, never by interest: anything
    else would bias every statistic. The same seed texts (passage, model) give the same order.
    """
    eligible = [
        position
        for position in range(MINIMUM_CONTEXT_TOKENS, len(text))
        if text.eligible(unit, position) and can_be_answered(text.whole_text(position) or "", unit)
    ]
    order = seeded_generator(*seed).permutation(len(eligible))
    return [eligible[int(index)] for index in order]


def asked_positions(order: Sequence[int]) -> list[int]:
    """Return the positions that every round asks, ascending: the first twelve of the order."""
    return sorted(order[:POSITIONS_PER_ROUND])


def mixed_positions(
    eligible: Sequence[int], entropy_nats: Floats, seed: Sequence[str]
) -> list[int]:
    """Return twelve positions, ascending: four easy ones, four middle ones, four hard ones.

    The eligible positions are cut into thirds by the entropy of the model's distribution there,
    `entropy_nats` (one for each token of the text), and drawn uniformly within each third. Fewer
    than twelve eligible positions give none.
    """
    if len(eligible) < POSITIONS_PER_ROUND:
        return []
    by_entropy = sorted(eligible, key=lambda position: (float(entropy_nats[position]), position))
    generator = seeded_generator(*seed)
    chosen = [
        int(position)
        for third in np.array_split(np.array(by_entropy), STRATA)
        for position in generator.choice(third, POSITIONS_PER_ROUND // STRATA, replace=False)
    ]
    return sorted(chosen)


def next_position(asked: Sequence[int], settled: int) -> int | None:
    """Return the position asked after `settled` answers, or None where the round is finished."""
    return asked[settled] if settled < len(asked) else None
