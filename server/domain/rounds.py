"""The rules of a round: which positions are asked, in which order, and what is settled."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from server.domain.errors import Conflict
from server.domain.guessing import can_be_answered
from server.domain.tokens import TokenizedText, Unit

MINIMUM_CONTEXT_TOKENS = 20
POSITIONS_PER_ROUND = 12
SUGGESTIONS = 8


class Mode(StrEnum):
    """The ways to play."""

    GUESS = "guess"


def seeded_generator(*parts: str) -> np.random.Generator:
    """Return a random generator that depends on the given texts alone."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8")).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def asked_positions(text: TokenizedText, unit: Unit, seed: Sequence[str]) -> list[int]:
    """Draw the positions that every round in `unit` asks of this passage, ascending.

    Uniform over the eligible positions behind the minimum context, never by interest: anything
    else would bias every statistic. The same seed texts (passage, model) give the same draw.
    """
    eligible = [
        position
        for position in range(MINIMUM_CONTEXT_TOKENS, len(text))
        if text.eligible(unit, position) and can_be_answered(text.whole_text(position) or "", unit)
    ]
    count = min(POSITIONS_PER_ROUND, len(eligible))
    drawn = seeded_generator(*seed, unit).choice(len(eligible), size=count, replace=False)
    return sorted(eligible[int(index)] for index in drawn) if count else []


def next_position(asked: Sequence[int], settled: int) -> int | None:
    """Return the position asked after `settled` answers, or None where the round is finished."""
    return asked[settled] if settled < len(asked) else None


def require_asked_now(asked: Sequence[int], settled: int, position: int) -> None:
    """Raise Conflict unless `position` is the one that the round asks now."""
    current = next_position(asked, settled)
    if current is None:
        raise Conflict("This round is finished.")
    if position != current:
        raise Conflict(f"This round asks position {current} now, not {position}.")
