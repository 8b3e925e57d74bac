"""Calibration in words and drawn: what was stated, and how often it came true."""

from __future__ import annotations

import math
from dataclasses import dataclass

from server.services.contract.figures import IntervalView
from server.services.contract.statistics import CalibrationView, OpponentStatistics
from server.web.wording.figures import SPACE

Ticks = list[tuple[str, float]]  # labels above an axis, and their places in percent
_SMALLEST_SHARE = 0.001  # the axis of log-odds ends here and at 1 minus this


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
    """Return a table for bets and one for duels, where there are any."""
    kinds = [
        ("Bets", "every stake, including those on something else.", view.bets_calibration),
        (
            "Duels",
            "how sure people were of the one they preferred, weighted as it is paid.",
            view.duels_calibration,
        ),
    ]
    ends = (_SMALLEST_SHARE, 0.5, 1 - _SMALLEST_SHARE)
    ticks = [(f"{100 * share:g}{SPACE}%", _on_odds(share)) for share in ends]
    return [
        CalibrationTable(name, hint, ticks, [_calibrated(line) for line in lines])
        for name, hint, lines in kinds
        if lines
    ]


def _calibrated(view: CalibrationView) -> CalibrationLine:
    right = view.right
    places = Spread(_on_odds(right.value), _on_odds(right.low), _on_odds(right.high))
    return CalibrationLine(view.stated, right, places, _on_odds(view.stated))


def _on_odds(share: float) -> float:
    """Return the place of a share on an axis of log-odds, where 0.2 and 2 % are well apart."""
    inside = min(max(share, _SMALLEST_SHARE), 1 - _SMALLEST_SHARE)
    largest = math.log(1 / _SMALLEST_SHARE - 1)
    return round(50 + 50 * math.log(inside / (1 - inside)) / largest, 1)
