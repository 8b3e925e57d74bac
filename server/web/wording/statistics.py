"""The public statistics in words and drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.services.contract.figures import IntervalView
from server.services.contract.statistics import (
    EstimateView,
    OpponentStatistics,
    PairView,
    PerplexityView,
    PublicStatistics,
)
from server.web.wording.calibration import (
    CalibrationTable,
    Spread,
    Ticks,
    calibration_tables,
)
from server.web.wording.figures import SPACE, counted, sensible, two_digits

_LARGEST_PERPLEXITY = 100_000.0
_UNKNOWN = "not known yet"
FEWEST_TO_SHOW = 50
_MODES = {"guess": "Guess", "bet": "Bet, own guess", "tries": "Tries, first guess"}
_Axis = Callable[[float], float]
_PERPLEXITY_TICKS = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)


@dataclass(frozen=True)
class PairLine:
    """One line of a table of accuracies, with both sides drawn."""

    name: str
    note: str
    view: PairView
    you: Spread
    model: Spread


@dataclass(frozen=True)
class PairTable:
    """A table of accuracies on one axis."""

    id: str
    title: str
    hint: str
    heading: str
    ticks: Ticks
    lines: list[PairLine]
    few: list[PairLine]  # too few guesses to say much: folded


@dataclass(frozen=True)
class PerplexityLine:
    """Perplexity by one way of asking: both sides, in figures and on a logarithmic axis."""

    name: str
    note: str
    people: str
    interval: str
    model: str
    excess: str
    excess_interval: str
    you: Spread
    model_at: float


@dataclass(frozen=True)
class OpponentPage:
    """One model and unit."""

    id: str
    view: OpponentStatistics
    lead: list[str]
    tables: list[PairTable]
    perplexities: list[PerplexityLine]
    ticks: Ticks
    calibrations: list[CalibrationTable]


def stats_wording(stats: PublicStatistics) -> list[OpponentPage]:
    """Return what the page says about each model and unit, those with most answers first."""
    return [_opponent(number, view) for number, view in enumerate(stats.opponents, start=1)]


def _opponent(number: int, view: OpponentStatistics) -> OpponentPage:
    lines, ticks = _perplexities(view)
    return OpponentPage(
        id=f"opponent-{number}",
        view=view,
        lead=[sentence for sentence in (_accuracy_lead(view), _perplexity_lead(view)) if sentence],
        tables=[table for table in _pair_tables(number, view) if table.lines],
        perplexities=lines,
        ticks=ticks,
        calibrations=calibration_tables(view),
    )


def _accuracy_lead(view: OpponentStatistics) -> str:
    if (pair := view.accuracy) is None:
        return ""
    label, more = view.model.label, pair.answers_to_settle
    n = counted(pair.guesses, "position")
    if more == 0:
        better = "People guess" if pair.difference.value > 0 else f"{label} guesses"
        return f"{better} better: the interval of the difference excludes zero on {n}."
    if more is None:
        return f"People and {label} are level on {n}."
    return f"{n} do not yet show who guesses better; about {two_digits(more):,} more would."


def _perplexity_lead(view: OpponentStatistics) -> str:
    if (headline := view.headline) is None:
        return ""
    label, excess = view.model.label, headline.excess_nats
    if excess.low is None or excess.high is None:
        return ""
    both = f"{_figure(headline.people)} for people, {sensible(headline.model)} for {label}"
    if excess.low <= 0 <= excess.high:
        return f"Perplexity is {both}; the bets so far do not tell them apart."
    return f"Perplexity is {both}, by {_headline_name(view).lower()}."


def _headline_name(view: OpponentStatistics) -> str:
    """Return what the headline is called: without a duel in the tail it is that of the bets."""
    return "Bets and duels" if view.tail_questions else "Bets alone"


def _pair_tables(number: int, view: OpponentStatistics) -> list[PairTable]:
    label = view.model.label
    every = "Unassisted first guesses, in all modes."
    modes = [
        (_MODES.get(p.mode, p.mode), "assisted" if p.assisted else "unassisted", p)
        for p in view.modes
    ]
    by_difference = sorted(view.genres, key=lambda p: -p.difference.value)
    genres = [(p.genre or "no genre", "", p) for p in by_difference]
    most = f"{every} Where people are furthest ahead comes first."
    entropy = [(_range(p.from_bits, p.to_bits), "", p) for p in view.entropy]
    periods = [(f"{p.first_day:%-d %b %Y}", "", p) for p in view.periods]
    since = "Week from" if any(p.days > 1 for p in view.periods) else "Day"
    unsure = (
        f"By the entropy of {label}’s prediction among all tokens: how many bits it is short of "
        f"knowing what comes. {every}"
    )
    return [
        _table(f"modes-{number}", "By mode", "The first guess at each position.", "Mode", modes),
        _table(f"entropy-{number}", "Where are people better?", unsure, "Entropy", entropy),
        _table(f"genres-{number}", "By genre", most, "Genre", genres, FEWEST_TO_SHOW),
        _table(f"periods-{number}", "Over time", f"{every} UTC.", since, periods),
    ]


def _range(from_bits: int, to_bits: int | None) -> str:
    if to_bits is None:
        return f"{from_bits} bits and more"
    return f"under {to_bits} bits" if from_bits == 0 else f"{from_bits} to {to_bits} bits"


def _table(
    table_id: str,
    title: str,
    hint: str,
    heading: str,
    pairs: Sequence[tuple[str, str, PairView]],
    fewest: int = 0,
) -> PairTable:
    """Return a table; lines with fewer than `fewest` guesses are folded, unless all are."""
    highest = max((max(p.you.high, p.model.high) for _, _, p in pairs), default=1.0)
    end = math.ceil(highest * 10) / 10
    lines = [
        PairLine(name, note, p, _spread(p.you, end), _spread(p.model, end))
        for name, note, p in pairs
    ]
    ticks = [("0", 0.0), (f"{100 * end:.0f}{SPACE}% right", 100.0)]
    many = [line for line in lines if line.view.guesses >= fewest]
    few = [line for line in lines if line.view.guesses < fewest] if many else []
    return PairTable(table_id, title, hint, heading, ticks, many or lines, few)


def _spread(view: IntervalView, end: float = 1.0) -> Spread:
    return Spread(*(round(100 * share / end, 1) for share in (view.value, view.low, view.high)))


def _perplexities(
    view: OpponentStatistics,
) -> tuple[list[PerplexityLine], Ticks]:
    headline = view.headline if view.tail_questions else None
    ways = [
        ("Bets and duels", "the headline: head by bets, tail by duels", headline),
        ("Bets alone", "the model’s tail stands in for people’s", view.bets),
        ("Duels with any rival", _published_note(view), view.published),
    ]
    rows = [(name, note, way) for name, note, way in ways if way is not None]
    figures = [bound for _, _, way in rows for bound in (*_bounds(way.people), way.model)]
    if not figures:
        return [], []
    low = max((t for t in _PERPLEXITY_TICKS if t <= min(figures)), default=1)
    high = min((t for t in _PERPLEXITY_TICKS if t >= max(figures)), default=_PERPLEXITY_TICKS[-1])
    high = high if high > low else low * 3

    def at(value: float) -> float:
        inside = min(max(value, low), high)
        return round(100 * math.log(inside / low) / math.log(high / low), 1)

    ends = [(f"{tick:,}", at(tick)) for tick in (low, high)]
    return [_perplexity_line(name, note, way, at) for name, note, way in rows], ends


def _published_note(view: OpponentStatistics) -> str:
    if view.published is None or view.published.as_published is None:
        return ""
    plain = _shown(view.published.as_published)
    return f"the study’s form, jackknifed; {plain} as published"


def _perplexity_line(name: str, note: str, way: PerplexityView, at: _Axis) -> PerplexityLine:
    low, high = _bounds(way.people)
    excess, interval = way.excess_nats, _UNKNOWN
    if way.people.low is not None and way.people.high is not None:
        interval = f"{_shown(way.people.low)} to {_shown(way.people.high)}"
    excess_interval = ""
    if excess.low is not None and excess.high is not None:
        excess_interval = f"{_signed(excess.low)} to {_signed(excess.high)}"
    return PerplexityLine(
        name=name,
        note=note,
        people=_shown(way.people.value),
        interval=interval,
        model=_shown(way.model),
        excess=_signed(excess.value),
        excess_interval=excess_interval,
        you=Spread(at(way.people.value), at(low), at(high)),
        model_at=at(way.model),
    )


def _bounds(view: EstimateView) -> tuple[float, float]:
    low = view.value if view.low is None else view.low
    high = view.value if view.high is None else view.high
    return min(low, _LARGEST_PERPLEXITY), min(high, _LARGEST_PERPLEXITY)


def _figure(view: EstimateView) -> str:
    if view.low is None or view.high is None:
        return _shown(view.value)
    return f"{_shown(view.value)} ({_shown(view.low)} to {_shown(view.high)})"


def _shown(perplexity: float) -> str:
    return "above 100,000" if perplexity > _LARGEST_PERPLEXITY else sensible(perplexity)


def _signed(nats: float) -> str:
    """Return a difference of losses in bits, with its sign."""
    return f"{'−' if nats < 0 else '+'}{abs(nats) / math.log(2):.2f}"


def waiting_sentence(wait_hours: float, rounds_of_address: int) -> str:
    """Return when answers count here, and how many rounds one address contributes in a day."""
    sentences = []
    if wait_hours:
        hours = counted(round(wait_hours), "hour") if wait_hours >= 1 else "a part of an hour"
        sentences.append(
            f"A round counts {hours} after its last answer, so that what looks wrong can be left "
            "out before it moves a number; you see your own numbers at once."
        )
    if rounds_of_address:
        sentences.append(
            f"Of each internet address the first {counted(rounds_of_address, 'round')} of a day "
            "count; for this we keep a number for each address under a keyed hash until midnight "
            "UTC, never beside an answer."
        )
    return " ".join(sentences)
