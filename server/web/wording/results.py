"""Sentences of the result page: true and kind, even when the sample proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from server.domain.play.rounds import Mode
from server.services.contract.answers import AnswerView
from server.services.contract.figures import IntervalView, LossesView
from server.services.contract.results import ResultView
from server.web.wording.figures import (
    SPACE,
    counted,
    half_up,
    lead_sentence,
    probability,
    sensible,
    signed,
    two_digits,
)

FEWEST_FOR_PERPLEXITY = 60  # words; from a dozen it may be off by a factor of two
HEAT_LEVELS = 8
_MARKS_YOU = {True: "●", False: "○"}
_MARKS_MODEL = {True: "■", False: "□"}
_GROUP = 5
_LEVEL_BITS = 0.05


@dataclass(frozen=True)
class SideWording:
    """One side's large number, and the small print below it."""

    score: str
    unit: str
    detail: str


@dataclass(frozen=True)
class ResultWording:
    """The result page's texts."""

    headline: str
    lead: str
    you: SideWording
    model: SideWording
    share_text: str
    share_grid: list[str]
    tokens: list[dict[str, Any]]


def result_wording(result: ResultView) -> ResultWording:
    """Return the texts of a result page."""
    headline, lead, you, model, share = _WORDING[Mode(result.round.mode)](result)
    grid = [
        _grid(_MARKS_YOU[answer.right] for answer in result.round.answers),
        _grid(_MARKS_MODEL[answer.model_right] for answer in result.round.answers),
    ]
    return ResultWording(
        headline=headline,
        lead=lead,
        you=you,
        model=model,
        share_text=f"{share}\n" + "\n".join(grid),
        share_grid=grid,
        tokens=[_token(token.model_dump()) for token in result.tokens],
    )


_Texts = tuple[str, str, SideWording, SideWording, str]


def _guess_wording(result: ResultView) -> _Texts:
    score, label = result.round.score, result.round.model.label
    noun = result.round.unit.removesuffix("s")
    unit = f"/{score.answered}"
    detail = (
        f"{_share_right(result.model.accuracy)}\n{result.model.bits_per_target:.1f} bits "
        f"a {noun}, perplexity {sensible(result.model.perplexity)}"
    )
    return (
        _headline(score.you - score.model, label, noun),
        lead_sentence(result.comparison, noun),
        SideWording(str(score.you), unit, _share_right(result.you.accuracy) + _best_guess(result)),
        SideWording(str(score.model), unit, detail),
        f"Perplexed: I guessed {score.you} of {counted(score.answered, noun)}, "
        f"{label} {score.model}.",
    )


def _tries_wording(result: ResultView) -> _Texts:
    label, noun, tries = _label(result), result.round.unit.removesuffix("s"), result.tries
    if tries is None:
        raise ValueError("a round of tries without its tries")
    n = result.round.score.answered
    found, model_found = (round(sum(s) * n) for s in (tries.solved, tries.model_solved))
    first, model_first = (round(s[0] * n) for s in (tries.solved, tries.model_solved))
    lead = (
        f"{_number(first).capitalize()} at the first try. By Shannon’s bounds your uncertainty "
        f"lay between {tries.lower_bits.value:.1f} and {tries.upper_bits.value:.1f} bits a {noun}; "
        f"with so few {noun}s each bound is itself uncertain ({_range(tries.lower_bits)} and "
        f"{_range(tries.upper_bits)}). {lead_sentence(result.comparison, noun)}"
    )
    return (
        f"You found {found} of {counted(n, noun)} in five tries; "
        f"{label} would have found {model_found}.",
        lead,
        SideWording(str(found), f"/{n}", f"{first} at the first try"),
        SideWording(str(model_found), f"/{n}", f"{model_first} at the first try"),
        f"Perplexed, five tries a {noun}: I found {found} of {n}, {label} {model_found}.",
    )


def _bet_wording(result: ResultView) -> _Texts:
    label, noun, losses = _label(result), result.round.unit.removesuffix("s"), _losses(result)
    lead = (
        f"What the author wrote cost you {losses.you.value:.1f} bits a {noun}, as if you had been "
        f"choosing among {sensible(2**losses.you.value)} equally likely {noun}s; the "
        f"95{SPACE}% interval runs from {_range(losses.you, ' to ')} bits. {label} paid "
        f"{losses.model.value:.1f} on the same {noun}s. {_settled(losses, noun)}"
    )
    return (
        _bits_headline(losses, label, noun),
        lead,
        _bits_side(losses.you, noun),
        _bits_side(losses.model, noun),
        f"Perplexed bets: {losses.you.value:.1f} bits a {noun} for me, {losses.model.value:.1f} "
        f"for {label}; less is better.",
    )


def _duel_wording(result: ResultView) -> _Texts:
    label, pay, score = _label(result), result.pay, result.round.score
    if pay is None:
        raise ValueError("a round of duels without what it paid")
    practice = (
        "That was practice and is left out of all statistics. " if result.round.practice else ""
    )
    lead = (
        f"{practice}Even shares earn nothing. You earned {signed(pay.you.value)} bits a pair "
        f"(95{SPACE}% interval {signed(pay.you.low)} to {signed(pay.you.high)}), "
        f"{label} {signed(pay.model.value)}. {_settled(pay, 'pair')}"
    )
    details = [
        f"leaned towards the author’s\n{signed(side.value)} bits a pair"
        for side in (pay.you, pay.model)
    ]
    unit = f"/{score.answered}"
    return (
        f"You judged {score.you} of {counted(score.answered, 'pair')} right, "
        f"{label} {score.model}.",
        lead,
        SideWording(str(score.you), unit, details[0]),
        SideWording(str(score.model), unit, details[1]),
        f"Perplexed duel: I judged {score.you} of {score.answered} right, {label} {score.model}.",
    )


_WORDING: dict[Mode, Callable[[ResultView], _Texts]] = {
    Mode.GUESS: _guess_wording,
    Mode.TRIES: _tries_wording,
    Mode.BET: _bet_wording,
    Mode.DUEL: _duel_wording,
}


def _label(result: ResultView) -> str:
    return result.round.model.label


def _losses(result: ResultView) -> LossesView:
    if result.losses is None:
        raise ValueError(f"a round in mode {result.round.mode} without its losses")
    return result.losses


def _range(interval: IntervalView, between: str = "–") -> str:
    return f"{max(0.0, interval.low):.1f}{between}{interval.high:.1f}"


def _bits_side(mean: IntervalView, noun: str) -> SideWording:
    return SideWording(f"{mean.value:.1f}", " bits", f"a {noun}{_perplexity(mean)}")


def _perplexity(mean: IntervalView) -> str:
    """Name the perplexity where it depends on more than which words happened to come."""
    return f", perplexity {sensible(2**mean.value)}" if mean.n >= FEWEST_FOR_PERPLEXITY else ""


def _bits_headline(losses: LossesView, label: str, noun: str) -> str:
    lead = -losses.difference.value
    if abs(lead) < _LEVEL_BITS:
        return f"Level with {label}."
    if lead > 0:
        return f"You were ahead of {label} by {lead:.1f} bits a {noun}."
    return f"{label} was ahead by {-lead:.1f} bits a {noun}."


def _settled(losses: LossesView, noun: str) -> str:
    n, more = losses.difference.n, losses.answers_to_settle
    if more == 0:
        return f"The difference is more than chance explains, on {counted(n, noun)}."
    if more is None:
        return f"On {counted(n, noun)} that proves nothing."
    return (
        f"On {counted(n, noun)} the difference proves little; "
        f"at this rate about {two_digits(more):,} more would settle it."
    )


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


def _share_right(accuracy: IntervalView) -> str:
    low, high = (f"{100 * bound:.0f}" for bound in (accuracy.low, accuracy.high))
    return f"{half_up(100 * accuracy.value)}{SPACE}% right, between {low} and {high}{SPACE}%"


def _best_guess(result: ResultView) -> str:
    answers = (a for a in result.round.answers if isinstance(a, AnswerView))
    right = [answer for answer in answers if answer.right]
    if not right:
        return ""
    best = min(right, key=lambda answer: answer.target_probability)
    return (
        f"\nbest: {best.target}, which {result.round.model.label} "
        f"gave {probability(best.target_probability)}"
    )


def _grid(marks: Iterable[str]) -> str:
    line = "".join(marks)
    return " ".join(line[i : i + _GROUP] for i in range(0, len(line), _GROUP))


def _token(token: dict[str, Any]) -> dict[str, Any]:
    # Bits are a log scale already; from 14 bits on a token is as dark as can be.
    heat = min(HEAT_LEVELS - 1, int(token["loss_bits"] / 2))
    return {**token, "heat": heat, "loss": f"{token['loss_bits']:.1f} bits"}
