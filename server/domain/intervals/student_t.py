"""Student's t distribution, on a grid: exact enough for intervals, without scipy."""

from __future__ import annotations

import math

import numpy as np

from server.domain.estimators.arrays import FloatArray

_NEARLY_NORMAL = 10_000.0
_GRID = 20_001


def t_quantile(degrees_of_freedom: float) -> float:
    """Return Student's t at 97.5 %, to three digits, for at least one degree of freedom.

    >>> [round(t_quantile(nu), 2) for nu in (1, 1.5, 2, 10, 1e9)]
    [12.71, 6.02, 4.3, 2.23, 1.96]
    """
    nu = min(degrees_of_freedom, _NEARLY_NORMAL)
    angle, within = _within(nu)
    return math.sqrt(nu) * math.tan(float(np.interp(0.95, within, angle)))


def two_sided_p(t: float, degrees_of_freedom: float) -> float:
    """Return how often chance gives at least |t|, to three digits; below .05 beyond `t_quantile`.

    >>> [round(two_sided_p(t, nu), 3) for t, nu in ((0, 3), (2.0, 10), (-1.96, 1e9))]
    [1.0, 0.073, 0.05]
    """
    nu = min(degrees_of_freedom, _NEARLY_NORMAL)
    angle, within = _within(nu)
    return max(0.0, 1.0 - float(np.interp(math.atan(abs(t) / math.sqrt(nu)), angle, within)))


def _within(nu: float) -> tuple[FloatArray, FloatArray]:
    """Return angles θ, and how probably |t| lies within √ν·tan θ.

    With t = √ν·tan θ the density of θ is proportional to cos^(ν−1) θ, added up on a grid.
    """
    angle = np.linspace(0.0, math.pi / 2, _GRID)
    density = np.cos(angle) ** (nu - 1)
    below = np.concatenate(([0.0], np.cumsum(density[1:] + density[:-1])))
    return angle, below / below[-1]
