"""Calibration: of what was called 30 % likely, how much came true?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from server.domain.estimators.accuracy import Z_95, Interval
from server.domain.estimators.arrays import FloatArray, IntArray

WHOLE_WEIGHT = 2**20  # a weight of 1: whole numbers add up exactly, in any order
_NEARLY_SURE = 1e-9


class Statement(NamedTuple):
    """How likely something was called, whether it was so, and how much that counts."""

    share: float
    right: bool
    weight: int = WHOLE_WEIGHT


@dataclass(frozen=True)
class CalibrationBin:
    """Statements near one step: their mean, and the share that was right, with its interval."""

    step: float
    stated: float
    right: Interval


def weight_of(weight: float) -> int:
    """Return a weight as a statement holds it; anything below about a millionth becomes 0."""
    return round(weight * WHOLE_WEIGHT)


def calibration(statements: Sequence[Statement], steps: Sequence[float]) -> list[CalibrationBin]:
    """Return the bins that hold statements, one for each step at most, ascending.

    A statement belongs to the step that is nearest in log-odds ln(p/(1−p)), since the steps are
    about even there. Statements of weight 0 tell nothing and are left out.

    Example: 0.5, 0.5, 0.45 and 0.9, right but for the second, with steps 0.5 and 0.9: two of three
    right near 0.5 (stated 0.4833), one of one near 0.9.
    """
    kept = [statement for statement in statements if statement.weight]
    if not kept:
        return []
    stated, right, weight = (
        np.array(column, dtype=np.float64) for column in zip(*kept, strict=True)
    )
    nearest = nearest_steps(stated, steps)

    parts = (np.ones_like(weight), weight, weight**2, weight * right, weight * stated)
    columns = [np.bincount(nearest, weights=part, minlength=len(steps)) for part in parts]
    return [
        calibration_bin(step, int(n), *totals)
        for step, n, *totals in zip(steps, *columns, strict=True)
        if n
    ]


def calibration_bin(
    step: float, n: int, weight: float, squares: float, right: float, stated: float
) -> CalibrationBin:
    """Return a bin from its sums: statements, Σw, Σw², Σw over the right ones, and Σw·share.

    The interval is Wilson's, taking statements as independent, with n = (Σw)²/Σw², the number
    of statements of equal weight that would say as much (Kish 1965).
    """
    share, n_eff = right / weight, weight**2 / squares
    z2n = Z_95**2 / n_eff
    centre = (share + z2n / 2) / (1 + z2n)
    half = Z_95 * math.sqrt(share * (1 - share) / n_eff + z2n / (4 * n_eff)) / (1 + z2n)
    low = 0.0 if right == 0 else centre - half
    high = 1.0 if right == weight else centre + half
    return CalibrationBin(step, stated / weight, Interval(share, low, high, n))


def nearest_steps(stated: FloatArray, steps: Sequence[float]) -> IntArray:
    """Return for each statement the number of the step that is nearest in log-odds, shape (n,)."""
    odds = _log_odds(np.asarray(steps, dtype=np.float64))
    return np.searchsorted((odds[1:] + odds[:-1]) / 2, _log_odds(stated))


def _log_odds(shares: FloatArray) -> FloatArray:
    inside = np.clip(shares, _NEARLY_SURE, 1 - _NEARLY_SURE)
    odds: FloatArray = np.log(inside / (1 - inside))
    return odds
