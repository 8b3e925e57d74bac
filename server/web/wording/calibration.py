"""Calibration as the page words and draws it: what was stated, and how often it came true."""

from __future__ import annotations

import math
from dataclasses import dataclass

from server.services.contract.figures import IntervalView
from server.services.contract.statistics import CalibrationView, OpponentStatistics
from server.web.wording.figures import SPACE

Ticks = list[tuple[str, float]]  # what is written above an axis, and where, in percent
_SMALLEST_SHARE = 0.001  # at it and its counterpart the axis of log-odds ends


@dataclass(frozen=True)
class Spread:
    """A value with its interval as places on an axis, in percent of its width."""

    at: float
    low: float
    high: float


@dataclass(frozen=True)
class CalibrationLine:
    """What was stated near a step, and how much of it was right."""

    stated: float
    right: IntervalView
    you: Spread
    stated_at: float


@dataclass(frozen=True)
class CalibrationTable:
    """How often what was stated came true, on an axis of log-odds."""

    name: str
    hint: str
    ticks: Ticks
    lines: list[CalibrationLine]


def calibration_tables(view: OpponentStatistics) -> list[CalibrationTable]:
    """Return a table each for bets and duels, where there are any."""
    found = [
        ("Bets", "every stake, also that on something else.", view.bets_calibration),
        (
            "Duels",
            "how sure of the one they preferred, weighted as it is paid.",
            view.duels_calibration,
        ),
    ]
    ends = (_SMALLEST_SHARE, 0.5, 1 - _SMALLEST_SHARE)
    ticks = [(f"{100 * share:g}{SPACE}%", _on_odds(share)) for share in ends]
    return [
        CalibrationTable(name, hint, ticks, [_calibrated(line) for line in lines])
        for name, hint, lines in found
        if lines
    ]


def _calibrated(found: CalibrationView) -> CalibrationLine:
    right = found.right
    places = Spread(_on_odds(right.value), _on_odds(right.low), _on_odds(right.high))
    return CalibrationLine(found.stated, right, places, _on_odds(found.stated))


def _on_odds(share: float) -> float:
    """Return the place of a share on an axis of log-odds, where 0.2 and 2 % lie well apart."""
    inside = min(max(share, _SMALLEST_SHARE), 1 - _SMALLEST_SHARE)
    largest = math.log(1 / _SMALLEST_SHARE - 1)
    return round(50 + 50 * math.log(inside / (1 - inside)) / largest, 1)
