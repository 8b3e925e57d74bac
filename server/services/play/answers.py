"""What is shown of a settled position, in each mode."""

from __future__ import annotations

import math
from dataclasses import dataclass

from server.domain.estimators.perplexity import bits
from server.domain.play.duels import Duel
from server.domain.play.guessing import Reveal, reveal, visible
from server.domain.play.rounds import MOST_TRIES, Mode
from server.services.contract import answers as revealed
from server.services.contract import rounds as views
from server.services.play.played import PlayedRound, SettledRound
from server.store.tables import BetRow, GuessRow, JudgementRow

_HALF = 0.5


@dataclass(frozen=True)
class Marks:
    """Who had a settled position right, and the model's loss for its target."""

    position: int
    right: bool
    model_right: bool
    target_loss_nats: float


def settled_marks(played: SettledRound) -> list[Marks]:
    """Return the marks of every settled position, ascending; in tries, who found it in five."""
    if played.mode is Mode.DUEL:
        return [_judgement_marks(judgement) for judgement in played.judgements]
    settled = set(played.settled)
    return [
        Marks(g.position, g.is_right, _model_had_it(played, g), g.target_loss_nats)
        for g in played.closing_guesses
        if g.position in settled
    ]


def _model_had_it(played: SettledRound, guess: GuessRow) -> bool:
    """Give the model as many tries as the player had."""
    if played.mode is Mode.TRIES:
        return guess.target_rank <= MOST_TRIES
    return guess.model_is_right


def _judgement_marks(row: JudgementRow) -> Marks:
    right, model_right = row.target_share > _HALF, duel_of(row).model_share > _HALF
    return Marks(row.position, right, model_right, -row.target_logprob_nats)


def duel_of(row: JudgementRow) -> Duel:
    """Return the question that a judgement answers."""
    return Duel(
        row.target, row.rival, row.target_logprob_nats, row.rival_logprob_nats, same=not row.asked
    )


def losses_nats(played: SettledRound) -> list[tuple[float, float]]:
    """Return (person, model) losses at each settled bet or duel; empty in other modes."""
    if played.mode is Mode.BET:
        return [(bet.loss_nats, -bet.target_logprob_nats) for bet in played.row.bets]
    return [_judgement_losses(judgement) for judgement in played.judgements]


def _judgement_losses(row: JudgementRow) -> tuple[float, float]:
    return -math.log(row.target_share), -math.log(max(duel_of(row).model_share, 1e-300))


def score_view(played: SettledRound) -> views.ScoreView:
    """Count settled positions and right ones; bets and duels have mean losses too."""
    marks, losses = settled_marks(played), losses_nats(played)
    view = views.ScoreView(
        answered=len(marks),
        you=sum(mark.right for mark in marks),
        model=sum(mark.model_right for mark in marks),
    )
    if losses:
        view.you_bits = bits(sum(person for person, _ in losses) / len(losses))
        view.model_bits = bits(sum(model for _, model in losses) / len(losses))
    return view


def answer_views(played: PlayedRound) -> list[revealed.AnswerView | revealed.JudgementView]:
    """Return the reveal of every settled position."""
    if played.mode is Mode.DUEL:
        return [_judgement_view(judgement) for judgement in played.judgements]
    settled = set(played.settled)
    return [_answer_view(played, g) for g in played.closing_guesses if g.position in settled]


def _answer_view(played: PlayedRound, guess: GuessRow) -> revealed.AnswerView:
    unit = played.unit
    marks = reveal(played.scores, played.vocabulary, unit, guess.position, guess.text)
    bet = played.bet_at(guess.position)
    return revealed.AnswerView(
        position=guess.position,
        guess=None if guess.text is None else visible(guess.text, unit),
        skipped=guess.skipped,
        target=visible(marks.target, unit),
        right=guess.is_right,
        model_guess=visible(marks.model_guess, unit),
        model_right=_model_had_it(played, guess),
        target_probability=math.exp(-marks.target_loss_nats),
        target_rank=marks.target_rank,
        target_loss_bits=bits(marks.target_loss_nats),
        candidates=[
            revealed.CandidateView(token=visible(c.text, unit), probability=c.probability)
            for c in marks.candidates
        ],
        tries=tried(played, guess.position) if played.mode is Mode.TRIES else [],
        bet=_bet_view(bet) if bet else None,
        **_guess_fields(marks),
    )


def tried(played: SettledRound, position: int) -> list[str]:
    """Return the texts that were tried at a position."""
    guesses = played.guesses_at(position)
    return [visible(guess.text, played.unit) for guess in guesses if guess.text is not None]


def _guess_fields(marks: Reveal) -> dict[str, float | int | bool | None]:
    logprob, below = marks.guess_logprob_nats, marks.guess_below_nats
    return {
        "guess_is_token": marks.guess_is_token,
        "guess_rank": marks.guess_rank,
        "guess_probability": None if logprob is None else math.exp(logprob),
        "guess_probability_below": None if below is None else math.exp(below),
    }


def _bet_view(bet: BetRow) -> revealed.BetView:
    stakes = [
        revealed.StakeView(
            token=text,
            share=share,
            model_probability=min(1.0, math.exp(logprob)),
            is_target=text == bet.target_option,
        )
        for text, share, logprob in bet.stakes
    ]
    return revealed.BetView(
        stakes=stakes,
        other=bet.other,
        model_other=max(0.0, 1.0 - sum(stake.model_probability for stake in stakes)),
        loss_bits=bits(bet.loss_nats),
        model_loss_bits=bits(-bet.target_logprob_nats),
    )


def _judgement_view(row: JudgementRow) -> revealed.JudgementView:
    marks, (person, model) = _judgement_marks(row), _judgement_losses(row)
    return revealed.JudgementView(
        position=row.position,
        target=row.target,
        rival=row.rival,
        share=row.target_share,
        right=marks.right,
        model_share=duel_of(row).model_share,
        model_right=marks.model_right,
        loss_bits=bits(person),
        model_loss_bits=bits(model),
    )
