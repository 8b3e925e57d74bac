"""Calibration: of what was called 30 % likely, how much came true?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from server.domain.estimators.accuracy import Interval, wilson_interval
from server.domain.estimators.arrays import BoolArray, FloatArray, IntArray

_NEARLY_SURE = 1e-9


@dataclass(frozen=True)
class CalibrationBin:
    """Statements near one step: their mean, and the share that was right, with its interval."""

    step: float
    stated: float
    right: Interval


def calibration(
    stated: FloatArray, right: BoolArray, steps: Sequence[float]
) -> list[CalibrationBin]:
    """Return the bins that hold statements, one for each step at most, ascending.

    A statement belongs to the step that is nearest in log-odds ln(p/(1−p)), since the steps are
    about even there. The interval is Wilson's and takes statements as independent.

    Example: 0.5, 0.5, 0.45 and 0.9, right but for the second, with steps 0.5 and 0.9: two of three
    right near 0.5 (stated 0.4833), one of one near 0.9.
    """
    if stated.size == 0:
        return []
    nearest = nearest_steps(stated, steps)
    counts = np.bincount(nearest, minlength=len(steps))
    sums = np.bincount(nearest, weights=stated, minlength=len(steps))
    hits = np.bincount(nearest, weights=right, minlength=len(steps))
    return [
        CalibrationBin(step, float(total / n), wilson_interval(round(hit), int(n)))
        for step, n, total, hit in zip(steps, counts, sums, hits, strict=True)
        if n
    ]


def nearest_steps(stated: FloatArray, steps: Sequence[float]) -> IntArray:
    """Return for each statement the number of the step that is nearest in log-odds, shape (n,)."""
    odds = _log_odds(np.asarray(steps, dtype=np.float64))
    return np.searchsorted((odds[1:] + odds[:-1]) / 2, _log_odds(stated))


def _log_odds(shares: FloatArray) -> FloatArray:
    inside = np.clip(shares, _NEARLY_SURE, 1 - _NEARLY_SURE)
    odds: FloatArray = np.log(inside / (1 - inside))
    return odds
