"""How the service answers: how fast, what it refused and what failed, from counts by route."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, Field

ROUTES_SHOWN = 10
_MEDIAN, _NEARLY_ALL = 0.5, 0.95
_REFUSED, _FAILED = range(400, 500), range(500, 600)


@dataclass
class RouteCounts:
    """One route: answers by status, and how many came within each bound, in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    within: Counter[float] = field(default_factory=Counter)  # cumulative; the last bound is inf

    def add(self, other: RouteCounts) -> None:
        """Add another route's counts."""
        self.statuses.update(other.statuses)
        self.within.update(other.within)


class AnswersView(BaseModel):
    """Answers, how fast they came, and how many said no."""

    requests: int
    half_within_s: float | None = Field(description="null: longer than the longest bound, or none")
    nearly_all_within_s: float | None = Field(description="Of 95 in 100; null as above")
    refused: int = Field(description="Answered with 4xx: a wrong request, or too many")
    failed: int = Field(description="Answered with 5xx")


class RouteView(AnswersView):
    """The same for one route."""

    route: str


class ServingView(BaseModel):
    """Answers of this machine's web processes since a moment; health checks are left out."""

    since: datetime = Field(description="When these processes began to count")
    all: AnswersView
    slowest: list[RouteView] = Field(description="By the time within which 95 in 100 came")
    failing: list[RouteView] = Field(description="Routes with answers of 5xx, most of them first")


def serving_view(routes: Mapping[str, RouteCounts], since: datetime) -> ServingView:
    """Return what the counts of the routes come to."""
    total = RouteCounts()
    for counts in routes.values():
        total.add(counts)
    views = [RouteView(route=route, **_figures(counts)) for route, counts in routes.items()]
    timed = [view for view in views if view.requests]
    failing = [view for view in views if view.failed]
    return ServingView(
        since=since,
        all=AnswersView(**_figures(total)),
        slowest=sorted(timed, key=_slowness, reverse=True)[:ROUTES_SHOWN],
        failing=sorted(failing, key=lambda view: -view.failed)[:ROUTES_SHOWN],
    )


def _figures(counts: RouteCounts) -> dict[str, int | float | None]:
    return {
        "requests": counts.statuses.total(),
        "half_within_s": _bound(counts, _MEDIAN),
        "nearly_all_within_s": _bound(counts, _NEARLY_ALL),
        "refused": sum(counts.statuses[status] for status in _REFUSED),
        "failed": sum(counts.statuses[status] for status in _FAILED),
    }


def _bound(counts: RouteCounts, share: float) -> float | None:
    """Return the smallest bound within which at least this share came; None beyond them all."""
    bounds: Sequence[float] = sorted(counts.within)
    if not bounds or not counts.within[bounds[-1]]:
        return None
    enough = share * counts.within[bounds[-1]]
    return next((bound for bound in bounds[:-1] if counts.within[bound] >= enough), None)


def _slowness(view: RouteView) -> tuple[float, int]:
    return view.nearly_all_within_s or float("inf"), view.requests
