"""Sentences of the result page: true and kind, even when the sample proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from server.domain.play.rounds import Mode
from server.services.contract.figures import IntervalView, LossesView
from server.services.contract.results import ResultView
from server.web.wording.daily import named
from server.web.wording.figures import (
    MODEL_MARKS,
    PERSON_MARKS,
    SPACE,
    counted,
    grid,
    half_up,
    in_words,
    lead_sentence,
    sensible,
    signed,
    two_digits,
)
from server.web.wording.story import Telling, story, telling

FEWEST_FOR_PERPLEXITY = 60  # words; from a dozen it may be off by a factor of two
_LEVEL_BITS = 0.05


@dataclass(frozen=True)
class SideWording:
    """One side's large number, the line below it, and the exact figures for the small print."""

    score: str
    unit: str
    detail: str
    exact: str = ""


@dataclass(frozen=True)
class ResultWording:
    """The result page's texts."""

    story: str
    headline: str
    lead: str
    telling: list[Telling]
    you: SideWording
    model: SideWording
    share_text: str
    share_grid: list[str]


def result_wording(result: ResultView) -> ResultWording:
    """Return the texts of a result page."""
    headline, lead, you, model, share = _WORDING[Mode(result.round.mode)](result)
    rows = [
        grid(PERSON_MARKS, (answer.right for answer in result.round.answers)),
        grid(MODEL_MARKS, (answer.model_right for answer in result.round.answers)),
    ]
    tells = Mode(result.round.mode) in (Mode.GUESS, Mode.TRIES)
    return ResultWording(
        story=story(result) if tells else headline,
        headline=headline,
        lead=lead,
        telling=telling(result) if tells else [],
        you=you,
        model=model,
        share_text=f"{share}\n" + "\n".join(rows),
        share_grid=rows,
    )


_Texts = tuple[str, str, SideWording, SideWording, str]


def _guess_wording(result: ResultView) -> _Texts:
    score, label = result.round.score, result.round.model.label
    noun = result.round.unit.removesuffix("s")
    unit = f"/{score.answered}"
    exact = (
        f"{_share_right(result.model.accuracy)}; {result.model.bits_per_target:.1f} bits "
        f"a {noun}, perplexity {sensible(result.model.perplexity)}"
    )
    return (
        _headline(score.you - score.model, label, noun),
        lead_sentence(result.comparison, noun),
        SideWording(
            str(score.you), unit, _points(score.points.you), _share_right(result.you.accuracy)
        ),
        SideWording(str(score.model), unit, _points(score.points.model), exact),
        f"{named(result.round.daily)}: I guessed {score.you} of {counted(score.answered, noun)}, "
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
        f"{in_words(first).capitalize()} at the first try. By Shannon’s bounds your uncertainty "
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
    words = f"{in_words(abs(lead))} {noun}" + ("" if abs(lead) == 1 else "s")
    if lead > 0:
        return f"You were ahead of {label} by {words}."
    return f"{label} was ahead by {words}."


def _points(bits: float) -> str:
    return f"{bits:.1f} points"


def _share_right(accuracy: IntervalView) -> str:
    low, high = (f"{100 * bound:.0f}" for bound in (accuracy.low, accuracy.high))
    return f"{half_up(100 * accuracy.value)}{SPACE}% right, between {low} and {high}{SPACE}%"
