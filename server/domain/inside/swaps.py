"""Activation patching: two prompts, and what moving a part's output from one to the other does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from server.domain.errors import InvalidInput

MOST_PROMPT_TOKENS = 32
LEAST_DIFFERENCE = 1e-3  # of logits; between closer runs, shares would be noise
CARRIES = 0.5  # a part that moves this share of the answer is called enough, or needed

Floats = NDArray[np.float64]


class Site(StrEnum):
    """Where in each layer something is swapped."""

    RESIDUAL = "residual"  # the stream before the layer
    ATTENTION = "attention"  # what attention adds
    MLP = "mlp"  # what the MLP adds


class Direction(StrEnum):
    """Which run is changed: the two ask different questions."""

    ENOUGH = "enough"  # denoising: clean into corrupt; does this part bring the answer back?
    NEEDED = "needed"  # noising: corrupt into clean; does losing this part lose the answer?


@dataclass(frozen=True)
class SwapPair:
    """Two prompts of as many tokens, and the word that each of them calls for."""

    clean: str
    corrupt: str
    clean_answer: str
    corrupt_answer: str


@dataclass(frozen=True, eq=False)
class SwapMaps:
    """What swapping each part does: 0 leaves the run as it was, 1 makes it the other.

    `sites` are (layers, positions) each; `heads` are (layers, heads), swapped at all positions.
    The differences are m, the clean answer's logit minus the corrupt answer's, in both runs.
    """

    clean_tokens: tuple[str, ...]
    corrupt_tokens: tuple[str, ...]
    clean_difference: float
    corrupt_difference: float
    sites: dict[Direction, dict[Site, Floats]]
    heads: dict[Direction, Floats]


@dataclass(frozen=True)
class SwapPart:
    """A part that carries the answer; layers, positions and heads are counted from 0."""

    site: Site | None  # None is a head
    layer: int
    place: int  # a position, or the head's number
    enough: float
    needed: float


def normalised(patched: Floats, before: float, other: float) -> Floats:
    """Return (m(patched) − m(before)) / (m(other) − m(before)).

    Raises InvalidInput (field `corrupt_answer`) where both runs say the same. Source: Heimersheim
    and Nanda, "How to use and interpret activation patching" (arXiv 2404.15255).

    >>> normalised(np.array([2.0, 5.0, 8.0]), 2.0, 8.0)
    array([0. , 0.5, 1. ])
    """
    if abs(other - before) < LEAST_DIFFERENCE:
        raise InvalidInput(
            "corrupt_answer",
            "The model weighs the two answers alike after both prompts, so there is nothing to "
            "swap. Choose prompts that call for different words.",
        )
    return (patched - before) / (other - before)


def telling_parts(maps: SwapMaps, *, enough: bool, needed: bool) -> list[SwapPart]:
    """Return the heads and MLPs that are (or are not) enough and needed, strongest first.

    Attention is told by its heads, and the residual stream is no part but the sum of all.
    """
    found = []
    for site, one, other in (
        (None, maps.heads[Direction.ENOUGH], maps.heads[Direction.NEEDED]),
        (
            Site.MLP,
            maps.sites[Direction.ENOUGH][Site.MLP],
            maps.sites[Direction.NEEDED][Site.MLP],
        ),
    ):
        for layer, place in np.argwhere(
            ((one >= CARRIES) == enough) & ((other >= CARRIES) == needed)
        ):
            here = int(layer), int(place)
            found.append(SwapPart(site, *here, float(one[here]), float(other[here])))
    return sorted(found, key=lambda part: -max(part.enough, part.needed))
