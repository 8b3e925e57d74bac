"""The oracle's results, which `make oracle` measures, and how they do against what is required."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel

RESULTS = Path(__file__).parents[2] / "data" / "oracle.json"
EXACT_ERROR_NATS, ROUNDED_ERROR_NATS, LEAST_HELD_PERCENT = 0.10, 0.20, 90


class Range(BaseModel):
    """An estimate with its 95 % interval, in nats."""

    value: float
    low: float
    high: float


class Repeated(BaseModel):
    """An estimate over many studies: its mean, its mean half width, how often it held the truth."""

    mean: float
    half_width: float
    held: int


class RepeatedRow(BaseModel):
    """All estimates of one player who answers in one way, over many studies."""

    player: str
    answers: str
    truth: float
    estimates: dict[str, Repeated]


class PlayedRow(BaseModel):
    """All estimates of one study that was played through the service."""

    player: str
    answers: str
    truth: float
    estimates: dict[str, Range]
    tries_lower: float
    tries_upper: float


class OracleResults(BaseModel):
    """What `make oracle` found, and with which model; losses in nats."""

    model: str
    revision: str
    parameters: int
    passages: int
    studies: int
    passages_played: int
    repeated: list[RepeatedRow]
    played: list[PlayedRow]


@dataclass(frozen=True)
class Bars:
    """The headline's worst mean errors, its least held intervals, and whether all three suffice."""

    exact_error_nats: float
    rounded_error_nats: float
    held: int
    all_met: bool


@cache
def oracle_results() -> OracleResults:
    """Return the results that came with this version."""
    return OracleResults.model_validate_json(RESULTS.read_bytes())


def bars(results: OracleResults) -> Bars:
    """Return how the headline does against what is required of it.

    Noise, and answers to the question that duels asked first, are in the table for comparison.
    """
    exact, rounded = (
        max(_error(row, "headline") for row in results.repeated if row.answers == answers)
        for answers in ("exact", "rounded")
    )
    held = min(row.estimates["headline"].held for row in _as_asked(results))
    all_met = (
        exact <= EXACT_ERROR_NATS
        and rounded <= ROUNDED_ERROR_NATS
        and held * 100 >= LEAST_HELD_PERCENT * results.studies
    )
    return Bars(exact, rounded, held, all_met)


def excess_errors(results: OracleResults) -> list[float]:
    """Return the published estimator's error beyond the headline's in nats, row by row."""
    rows = _as_asked(results)
    return [_error(row, "published") - _error(row, "headline") for row in rows]


def _as_asked(results: OracleResults) -> list[RepeatedRow]:
    """Return the rows of players who answer as the service asks, without noise."""
    return [row for row in results.repeated if row.answers in ("exact", "rounded")]


def _error(row: RepeatedRow, estimate: str) -> float:
    """Return how far the mean of an estimate is from the truth, in nats."""
    return abs(row.estimates[estimate].mean - row.truth)
