"""What the oracle found, as tables and sentences; docs/methods.md shows the same."""

from __future__ import annotations

from pydantic import BaseModel

from server.services.research.oracle import (
    EXACT_ERROR_NATS,
    LEAST_HELD_PERCENT,
    ROUNDED_ERROR_NATS,
    OracleResults,
    Range,
    bars,
    excess_errors,
)
from server.web.wording.figures import SPACE

_OTHER_ESTIMATES = {
    "bets": "Bets alone",
    "published": "As published",
    "jackknifed": "Jackknifed",
}
_OF_TABLES = {"tail_model": "Tail by model", **_OTHER_ESTIMATES}  # what studies from tables give
_PLAYER = ("Player", "Answers", "Truth")


class TextTable(BaseModel):
    """A table as text: what a page and a document show alike."""

    caption: str
    head: list[str]
    rows: list[list[str]]


def repeated_table(results: OracleResults) -> TextTable:
    """Return the mean of every estimate, its error in brackets, and how often intervals held.

    Results that were measured before an estimate existed have no column of it.
    """
    others = {
        name: shown
        for name, shown in _OF_TABLES.items()
        if all(name in row.estimates for row in results.repeated)
    }
    return TextTable(
        caption=f"Mean of {results.studies} studies in nats a word, and in brackets the error",
        head=[*_PLAYER, "Headline", "Its interval", "Holds truth", *others.values()],
        rows=[
            [
                row.player,
                row.answers,
                f"{row.truth:.3f}",
                _with_error(row.estimates["headline"].mean, row.truth),
                f"±\u00a0{row.estimates['headline'].half_width:.2f}",
                f"{row.estimates['headline'].held} of {results.studies}",
                *(_with_error(row.estimates[name].mean, row.truth) for name in others),
            ]
            for row in results.repeated
        ],
    )


def played_table(results: OracleResults) -> TextTable:
    """Return every estimate of the studies played through the service, with its interval."""
    return TextTable(
        caption=f"Through the service, {results.passages_played} passages: "
        f"nats a word with 95{SPACE}% intervals",
        head=[*_PLAYER, "Headline", *_OTHER_ESTIMATES.values(), "Tries’ bounds"],
        rows=[
            [
                row.player,
                row.answers,
                f"{row.truth:.3f}",
                *(_with_interval(row.estimates[name]) for name in ("headline", *_OTHER_ESTIMATES)),
                f"{row.tries_lower:.2f} to {row.tries_upper:.2f}",
            ]
            for row in results.played
        ],
    )


def verdict(results: OracleResults) -> str:
    """Say how the headline does against what is required of it."""
    reached = bars(results)
    return (
        f"The headline’s mean error is at most {reached.exact_error_nats:.2f} nats with exact "
        f"answers (allowed: {EXACT_ERROR_NATS:.2f}) and {reached.rounded_error_nats:.2f} with "
        f"rounded ones (allowed: {ROUNDED_ERROR_NATS:.2f}); its 95{SPACE}% interval holds the "
        f"truth in at least {reached.held} of {results.studies} studies "
        f"(required: {LEAST_HELD_PERCENT} of 100). "
        f"{'All three bars are met.' if reached.all_met else 'Not all three bars are met.'}"
    )


def comparison_with_published(results: OracleResults) -> str:
    """Say by how much the published estimator is farther from the truth than the headline."""
    excess = excess_errors(results)
    worse = sum(nats > 0 for nats in excess)
    return (
        f"The published estimator is farther off in {worse} of {len(excess)} rows, by up to "
        f"{max(excess):.2f} nats."
    )


def _with_error(mean: float, truth: float) -> str:
    error = round(mean - truth, 2) + 0.0  # no minus before a zero
    return f"{mean:.3f} ({error:+.2f})".replace("-", "−")


def _with_interval(estimate: Range) -> str:
    return f"{estimate.value:.2f} [{estimate.low:.2f},\u00a0{estimate.high:.2f}]"
