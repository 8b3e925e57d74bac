"""What the crowd said, in words: at the positions of a round, and over all that people play."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.services.contract.crowd import (
    CrowdOpponentView,
    CrowdStatistics,
    CrowdView,
    PositionView,
)
from server.services.contract.statistics import EstimateView
from server.web.wording.figures import SPACE, counted

_OTHERS_NAMED = 3


@dataclass(frozen=True)
class CrowdLine:
    """One position: what the crowd chose, what else it said, and what you said."""

    target: str
    crowd: str
    crowd_right: bool
    others: str
    players: int
    uncertainty: str


@dataclass(frozen=True)
class CrowdRow:
    """The accuracy of a crowd of one size, as a table shows it."""

    name: str
    positions: str
    crowd: str
    crowd_range: str
    person: str
    model: str
    difference: str
    difference_range: str


@dataclass(frozen=True)
class CrowdTable:
    """The crowd against one model."""

    id: str
    title: str
    label: str
    lead: str
    rows: list[CrowdRow]


def crowd_lines(positions: Sequence[PositionView]) -> list[CrowdLine]:
    """Return a line for each position that enough people answered."""
    return [_line(view, view.crowd) for view in positions if view.crowd]


def _line(view: PositionView, crowd: CrowdView) -> CrowdLine:
    first, *rest = crowd.answers
    others = [f"{answer.text} {_percent(answer.share)}" for answer in rest[:_OTHERS_NAMED]]
    return CrowdLine(
        target=view.target,
        crowd=f"{first.text}, {_percent(first.share)}",
        crowd_right=first.right,
        others=", ".join(others),
        players=crowd.players,
        uncertainty=f"{crowd.entropy_bits:.1f} bits; model {view.model_entropy_bits:.1f}",
    )


def crowd_wording(statistics: CrowdStatistics) -> list[CrowdTable]:
    """Return a table for each model and unit where at least ten people answered a position."""
    return [_table(view) for view in statistics.opponents]


def _table(view: CrowdOpponentView) -> CrowdTable:
    label, noun = view.model.label, view.unit.removesuffix("s")
    distance = view.distance
    lead = (
        f"At {counted(view.positions, noun)} that at least ten people answered, "
        f"{counted(view.answers, 'answer')} in all. People’s answers and {label}’s distribution "
        f"are {distance.value:.2f} apart{_bounds(distance)}: total variation, corrected for few "
        "answers; 0 is the same, 1 has nothing in common."
    )
    rows = [
        CrowdRow(
            name="one person" if one.size == 1 else f"{one.size} people",
            positions=f"{one.positions:,}",
            crowd=_percent(one.crowd.value),
            crowd_range=_range(one.crowd),
            person=_percent(one.person.value),
            model=_percent(one.model.value),
            difference=_points(one.difference.value),
            difference_range=_points_range(one.difference),
        )
        for one in view.accuracies
    ]
    return CrowdTable(
        f"crowd-{view.model.name}-{view.unit}".replace("/", "-"),
        f"The crowd against {label}, in {view.unit}",
        label,
        lead,
        rows,
    )


def _percent(share: float) -> str:
    return f"{round(100 * share)}{SPACE}%"


def _range(view: EstimateView) -> str:
    if view.low is None or view.high is None:
        return "not known yet"
    return f"{round(100 * max(0.0, view.low))} to {round(100 * min(1.0, view.high))}"


def _points(difference: float) -> str:
    points = round(100 * difference)
    return f"{'+' if points > 0 else '−' if points < 0 else ''}{abs(points)}"


def _points_range(view: EstimateView) -> str:
    if view.low is None or view.high is None:
        return "not known yet"
    return f"{_points(view.low)} to {_points(view.high)}"


def _bounds(view: EstimateView) -> str:
    if view.low is None or view.high is None:
        return ""
    return f" ({max(0.0, view.low):.2f} to {min(1.0, view.high):.2f})"
