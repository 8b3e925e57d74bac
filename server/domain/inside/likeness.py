"""Which layer of the model a player reads like, from losses on the same positions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.domain.estimators.accuracy import Interval
from server.domain.intervals.student_t import t_quantile

FEWEST_POSITIONS = 4

Losses = NDArray[np.float64]


@dataclass(frozen=True)
class Likeness:
    """The layer that a player reads like, and the layers that the positions cannot tell from it.

    `perplexity` is the player's own where they stated probabilities; where they typed words, it is
    the layer's on what they typed.
    """

    layer: int
    low: int
    high: int
    layers: int
    perplexity: Interval


def by_loss(player: Losses, layers: Losses) -> Likeness | None:
    """Return the layer whose mean loss on the targets is nearest to the player's.

    `player` is (n,) and `layers` (n, L + 1), nats on the same positions. None for fewer than
    FEWEST_POSITIONS. Layers whose paired difference from the player has an interval with 0 in it
    cannot be told from the player.
    """
    if len(player) < FEWEST_POSITIONS:
        return None
    differences = layers - player[:, None]
    nearest = int(np.abs(differences.mean(axis=0)).argmin())
    return _likeness(nearest, differences, player)


def by_guesses(layers: Losses) -> Likeness | None:
    """Return the layer that is least surprised by the words that a player typed.

    `layers` is (n, L + 1), −ln of what the lens after each layer gives each typed word. None for
    fewer than FEWEST_POSITIONS. Layers whose paired difference from that one has an interval with
    0 in it cannot be told from it.
    """
    if len(layers) < FEWEST_POSITIONS:
        return None
    nearest = int(layers.mean(axis=0).argmin())
    return _likeness(nearest, layers - layers[:, [nearest]], layers[:, nearest])


def _likeness(nearest: int, differences: Losses, losses: Losses) -> Likeness:
    mean, half = differences.mean(axis=0), _half_width(differences)
    alike = np.flatnonzero(np.abs(mean) <= half)
    middle, around = float(losses.mean()), float(_half_width(losses[:, None])[0])
    return Likeness(
        layer=nearest,
        low=min(nearest, *alike.tolist()) if alike.size else nearest,
        high=max(nearest, *alike.tolist()) if alike.size else nearest,
        layers=differences.shape[1] - 1,
        perplexity=Interval(
            math.exp(middle), math.exp(middle - around), math.exp(middle + around), len(losses)
        ),
    )


def _half_width(values: Losses) -> Losses:
    """Return half the width of each column's 95 % interval: t·s/√n, shape (columns,)."""
    n = len(values)
    spread: Losses = values.std(axis=0, ddof=1) * t_quantile(n - 1) / math.sqrt(n)
    return spread
