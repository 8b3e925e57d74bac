"""The oracle's results, which `make oracle` measures, as the tables of the methods page.

docs/methods.md holds the same cells; a test compares the two.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel

RESULTS = Path(__file__).parents[2] / "data" / "oracle.json"
EXACT_ERROR_NATS, ROUNDED_ERROR_NATS, LEAST_HELD_PERCENT = 0.10, 0.20, 90
OTHER_ESTIMATES = {
    "bets": "Bets alone",
    "published": "As published",
    "jackknifed": "Jackknifed",
}
_WHO = ("Player", "Answers", "Truth")


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


class TextTable(BaseModel):
    """A table as text: what a page and a document show alike."""

    caption: str
    head: list[str]
    rows: list[list[str]]


@cache
def oracle_results() -> OracleResults:
    """Return the results that came with this version."""
    return OracleResults.model_validate_json(RESULTS.read_bytes())


def repeated_table(results: OracleResults) -> TextTable:
    """Return the mean of every estimate, its error in brackets, and how often intervals held."""
    return TextTable(
        caption=f"Mean of {results.studies} studies in nats a word, and in brackets the error",
        head=[*_WHO, "Headline", "Its interval", "Holds truth", *OTHER_ESTIMATES.values()],
        rows=[
            [
                row.player,
                row.answers,
                f"{row.truth:.3f}",
                _with_error(row.estimates["headline"].mean, row.truth),
                f"±\u00a0{row.estimates['headline'].half_width:.2f}",
                f"{row.estimates['headline'].held} of {results.studies}",
                *(_with_error(row.estimates[name].mean, row.truth) for name in OTHER_ESTIMATES),
            ]
            for row in results.repeated
        ],
    )


def played_table(results: OracleResults) -> TextTable:
    """Return every estimate of the studies played through the service, with its interval."""
    return TextTable(
        caption=f"Through the service, {results.passages_played} passages: "
        "nats a word with 95\u202f% intervals",
        head=[*_WHO, "Headline", *OTHER_ESTIMATES.values(), "Tries’ bounds"],
        rows=[
            [
                row.player,
                row.answers,
                f"{row.truth:.3f}",
                *(_with_interval(row.estimates[name]) for name in ("headline", *OTHER_ESTIMATES)),
                f"{row.tries_lower:.2f} to {row.tries_upper:.2f}",
            ]
            for row in results.played
        ],
    )


def verdict(results: OracleResults) -> str:
    """Say how the headline does against what is asked of it.

    Noise, and answers to the question that duels asked formerly, stand in the table for comparison.
    """
    worst = {
        answers: max(
            abs(row.estimates["headline"].mean - row.truth)
            for row in results.repeated
            if row.answers == answers
        )
        for answers in ("exact", "rounded")
    }
    held = min(row.estimates["headline"].held for row in _as_asked(results))
    passed = (
        worst["exact"] <= EXACT_ERROR_NATS
        and worst["rounded"] <= ROUNDED_ERROR_NATS
        and held * 100 >= LEAST_HELD_PERCENT * results.studies
    )
    return (
        f"The headline’s mean error is at most {worst['exact']:.2f} nats with exact answers "
        f"(allowed: {EXACT_ERROR_NATS:.2f}) and {worst['rounded']:.2f} with rounded ones "
        f"(allowed: {ROUNDED_ERROR_NATS:.2f}); its 95\u202f% interval holds the truth in at least "
        f"{held} of {results.studies} studies (asked: {LEAST_HELD_PERCENT} of 100). "
        f"{'All three bars are met.' if passed else 'Not all three bars are met.'}"
    )


def comparison_with_published(results: OracleResults) -> str:
    """Say by how much the published estimator is farther from the truth than the headline."""
    errors = {
        name: [abs(row.estimates[name].mean - row.truth) for row in _as_asked(results)]
        for name in ("published", "headline")
    }
    pairs = list(zip(errors["published"], errors["headline"], strict=True))
    worse = sum(published > headline for published, headline in pairs)
    return (
        f"The published estimator is farther off in {worse} of {len(pairs)} rows, by up to "
        f"{max(published - headline for published, headline in pairs):.2f} nats."
    )


def _as_asked(results: OracleResults) -> list[RepeatedRow]:
    """Return the rows of players who answer as the service asks, without noise."""
    return [row for row in results.repeated if row.answers in ("exact", "rounded")]


def _with_error(mean: float, truth: float) -> str:
    error = round(mean - truth, 2) + 0.0  # no minus before a zero
    return f"{mean:.3f} ({error:+.2f})".replace("-", "−")


def _with_interval(found: Range) -> str:
    return f"{found.value:.2f} [{found.low:.2f},\u00a0{found.high:.2f}]"
