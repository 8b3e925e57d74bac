"""Ablated text: how a context token is taken from the model, and which tokens are tried first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.domain.errors import InvalidInput

COLUMNS_A_PIECE = 16


class Way(StrEnum):
    """How a token is taken from the model; the ways measure different things and often disagree."""

    CUT = "cut"  # no later token may look at it, up to the asked one
    CUT_HERE = "cut_here"  # the asked position alone may not look at it
    ZEROED = "zeroed"  # its embedding is zero
    NEUTRAL = "neutral"  # " the" stands in its place
    REMOVED = "removed"  # it is left out, and the rest moves up


@dataclass(frozen=True)
class Effect:
    """A context token's effect: log p(target) − log p(target without it), above 0 where it helped.

    `position` is the token's place in the text; `attention` is how much the asked position looks at
    it, the mean over all heads.
    """

    position: int
    effect_nats: float
    attention: float


@dataclass(frozen=True)
class ContextEffects:
    """The effects of one piece of the context, most watched tokens first.

    `pieces` is how many there are in all, `tokens` how many tokens the model read before the gap.
    """

    effects: tuple[Effect, ...]
    piece: int
    pieces: int
    tokens: int
    target_logprob: float


def piece_of(order: Sequence[int], piece: int) -> tuple[list[int], int]:
    """Return a piece of the columns in `order`, 16 at most, and the number of pieces.

    Raises InvalidInput where there is no such piece.

    >>> piece_of(range(40), 2)
    ([32, 33, 34, 35, 36, 37, 38, 39], 3)
    """
    pieces = -(-len(order) // COLUMNS_A_PIECE)
    if not 0 <= piece < pieces:
        raise InvalidInput("piece", f"There is no piece {piece}; 0 to {pieces - 1} are allowed.")
    return list(order[piece * COLUMNS_A_PIECE : (piece + 1) * COLUMNS_A_PIECE]), pieces
