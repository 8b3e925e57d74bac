"""Sentences and figures of the result page: true and kind, also when the sample proves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from server.services.views import ComparisonView, IntervalView, ResultView

HEAT_LEVELS = 8
_MARKS_YOU = {True: "●", False: "○"}
_MARKS_MODEL = {True: "■", False: "□"}
_GROUP = 5
_RAREST_PERCENT = 0.0001
_SPACE = "\u202f"  # narrow, does not break


@dataclass(frozen=True)
class ResultWording:
    """The result page's texts."""

    headline: str
    lead: str
    you_detail: str
    model_detail: str
    share_text: str
    share_grid: list[str]
    tokens: list[dict[str, Any]]


def result_wording(result: ResultView) -> ResultWording:
    """Return the texts of a result page."""
    score, label = result.round.score, result.round.model.label
    grid = [
        _grid(_MARKS_YOU[answer.right] for answer in result.round.answers),
        _grid(_MARKS_MODEL[answer.model_right] for answer in result.round.answers),
    ]
    noun = result.round.unit.removesuffix("s")
    share = (
        f"Perplexed: I guessed {score.you} of {counted(score.answered, noun)}, "
        f"{label} {score.model}.\n" + "\n".join(grid)
    )
    return ResultWording(
        headline=_headline(score.you - score.model, label, noun),
        lead=lead_sentence(result.comparison, noun),
        you_detail=_share_right(result.you.accuracy) + _best_guess(result),
        model_detail=(
            f"{_share_right(result.model.accuracy)}\n{result.model.bits_per_word:.1f} bits "
            f"a {noun}, perplexity {sensible(result.model.perplexity)}"
        ),
        share_text=share,
        share_grid=grid,
        tokens=[_token(token.model_dump()) for token in result.tokens],
    )


def lead_sentence(comparison: ComparisonView, noun: str) -> str:
    """Say what the comparison proves, and how much more would settle it."""
    n, more = comparison.difference.n, comparison.answers_to_settle
    if more == 0:
        return (
            f"The 95\u202f% interval of the difference leaves out zero after {counted(n, noun)}; "
            "chance alone seldom does that."
        )
    if more is None:
        return f"You are level after {counted(n, noun)}, and no number of answers settles a tie."
    return (
        f"On {counted(n, noun)} that proves little: "
        "the 95\u202f% interval of the difference still holds zero. "
        f"At this rate about {_two_digits(more):,} more would tell."
    )


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: 1 round, 1,200 rounds."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def probability(share: float) -> str:
    """Return a probability with the digits that matter: 31 %, 1.6 %, and 1 in 24,000 below 0.01 %.

    static/js/format.js has the same rule; a browser test compares the two.
    """
    if share < _RAREST_PERCENT:
        return f"1 in {_two_digits(1 / share):,}" if share > 0 else f"0{_SPACE}%"
    if share >= 0.995:
        return f">{_SPACE}99{_SPACE}%"
    value = 100 * share
    digits = f"{_half_up(value)}" if value >= 10 else f"{float(f'{value:.2g}'):g}"
    return f"{digits}{_SPACE}%"


def sensible(value: float) -> str:
    """Return a positive number with about two significant digits."""
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def _headline(lead: int, label: str, noun: str) -> str:
    if lead == 0:
        return f"Level with {label}."
    words = f"{_number(abs(lead))} {noun}" + ("" if abs(lead) == 1 else "s")
    if lead > 0:
        return f"You were ahead of {label} by {words}."
    return f"{label} was ahead by {words}."


def _number(value: int) -> str:
    names = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ]
    return names[value] if value < len(names) else str(value)


def _half_up(value: float) -> int:
    return int(value + 0.5)  # never negative here


def _two_digits(value: float) -> int:
    step: int = 10 ** max(0, len(str(int(value))) - 2)
    return _half_up(value / step) * step


def _share_right(accuracy: IntervalView) -> str:
    low, high = (f"{100 * bound:.0f}" for bound in (accuracy.low, accuracy.high))
    return f"{_half_up(100 * accuracy.value)}{_SPACE}% right, between {low} and {high}{_SPACE}%"


def _best_guess(result: ResultView) -> str:
    right = [answer for answer in result.round.answers if answer.right]
    if not right:
        return ""
    best = min(right, key=lambda answer: answer.target_probability)
    return (
        f"\nbest: {best.target}, which {result.round.model.label} "
        f"gave {probability(best.target_probability)}"
    )


def _grid(marks: Any) -> str:
    line = "".join(marks)
    return " ".join(line[i : i + _GROUP] for i in range(0, len(line), _GROUP))


def _token(token: dict[str, Any]) -> dict[str, Any]:
    # Bits are a log scale already; from 14 bits on a token is as dark as can be.
    heat = min(HEAT_LEVELS - 1, int(token["loss_bits"] / 2))
    return {**token, "heat": heat, "loss": f"{token['loss_bits']:.1f} bits"}
